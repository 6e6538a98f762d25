package millrace.bench.load;

/**
 * What a subscriber gets: the events of a few sources, each of which has a place of its own in the subscriber's table.
 * A source is a publisher, where all get everything, or a topic.
 */
interface Interest {

    /** How many sources there are. */
    int size();

    /** The place of a source, or -1 for one whose events are not for this subscriber. */
    int place(int source);

    int source(int place);

    /** Everything from so many publishers. */
    record All(int size) implements Interest {
        @Override
        public int place(int source) {
            return source < size ? source : -1;
        }

        @Override
        public int source(int place) {
            return place;
        }
    }

    /**
     * Ten of so many topics. Each topic has ten subscribers, and two subscribers have one topic in common at most: the
     * distances are a Golomb ruler, no two of which have the same difference.
     */
    record Ten(int subscriber, int topics) implements Interest {
        private static final int[] DISTANCES = {0, 1, 6, 10, 23, 26, 34, 41, 53, 55};
        private static final int[] PLACES = new int[56];

        static {
            java.util.Arrays.fill(PLACES, -1);
            for (int i = 0; i < DISTANCES.length; i++) {
                PLACES[DISTANCES[i]] = i;
            }
        }

        @Override
        public int size() {
            return DISTANCES.length;
        }

        @Override
        public int place(int source) {
            int distance = Math.floorMod(source - subscriber, topics);
            return source < topics && distance < PLACES.length ? PLACES[distance] : -1;
        }

        @Override
        public int source(int place) {
            return (subscriber + DISTANCES[place]) % topics;
        }
    }
}
