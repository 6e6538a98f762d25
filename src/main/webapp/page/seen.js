/**
 * Calls `show` when an element comes into view on a page that is seen, and `hide` when it does no longer. What a panel
 * follows, it follows only meanwhile: a browser keeps six connections to a server, for all its tabs together.
 *
 * @returns {() => boolean} whether it is seen now
 */
export function whileSeen(element, show, hide) {
  let inView = false;
  let shown = false;
  const look = () => {
    const seen = inView && document.visibilityState !== 'hidden';
    if (seen === shown) return;
    shown = seen;
    if (seen) show();
    else hide();
  };
  new IntersectionObserver(entries => {
    inView = entries.at(-1).isIntersecting; // the last: while the page was busy it may have come and gone
    look();
  }).observe(element);
  document.addEventListener('visibilitychange', look);
  return () => shown;
}
