package millrace.stream;

import static org.junit.jupiter.api.Assertions.assertTrue;

import millrace.stream.WriteLoopModel.Model;
import millrace.stream.WriteLoopModel.Scene;
import org.junit.jupiter.api.Test;

/** {@link WriteLoopModel} whole; an integration test only because it takes its time. */
class WriteLoopModelIT {

    @Test
    void noInterleavingLosesAWakeUpOrHasTwoWriters() {
        int states = 0;
        for (Scene scene : WriteLoopModel.SCENES) {
            states += WriteLoopModel.explore(scene, Model::new).states();
        }
        System.out.println("write loop: " + states + " states");
        assertTrue(states > 300_000, "only " + states + " states were seen: the search does not search");
    }

    @Test
    void aLoopWithoutATurnNumberIsFound() {
        assertTrue(WriteLoopModel.theTurnNumberIsNeeded());
    }
}
