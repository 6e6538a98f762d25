package millrace.bench;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** Asks another JVM, through its own management agent, for what it holds after a full collection, and what it allocates. */
public final class JvmMemory implements AutoCloseable {

    private final JMXConnector connector;
    private final MBeanServerConnection beans;

    public JvmMemory(int pid) throws IOException {
        try {
            VirtualMachine machine = VirtualMachine.attach(Integer.toString(pid));
            try {
                connector = JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent()));
                beans = connector.getMBeanServerConnection();
            } finally {
                machine.detach();
            }
        } catch (AttachNotSupportedException e) {
            throw new IOException(e);
        }
    }

    /** Heap in use after two collections, and direct buffers. */
    public long usedBytes() throws IOException {
        MemoryMXBean memory = ManagementFactory.getPlatformMXBean(beans, MemoryMXBean.class);
        memory.gc();
        memory.gc();
        long direct = ManagementFactory.getPlatformMXBeans(beans, BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
        return memory.getHeapMemoryUsage().getUsed() + direct;
    }

    /** What all its threads have allocated since its start; virtual threads count with those that carry them. */
    public long allocatedBytes() throws IOException {
        try {
            ObjectName threads = new ObjectName(ManagementFactory.THREAD_MXBEAN_NAME);
            return (Long) beans.getAttribute(threads, "TotalThreadAllocatedBytes"); // from JDK 21 on
        } catch (JMException e) {
            throw new IOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        connector.close();
    }
}
