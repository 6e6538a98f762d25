package millrace.stream;

import static org.junit.jupiter.api.Assertions.assertTrue;

import millrace.stream.WriteLoopModel.Damage;
import millrace.stream.WriteLoopModel.Model;
import millrace.stream.WriteLoopModel.Scene;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A few scenes of {@link WriteLoopModel}, which together still find each damage; {@link WriteLoopModelIT} has them all. */
class WriteLoopModelTest {

    @Test
    void noInterleavingOfTheShortScenesLosesAWakeUpOrHasTwoWriters() {
        int states = 0;
        for (Scene scene : WriteLoopModel.SHORT) {
            states += WriteLoopModel.explore(scene, Model::new).states();
        }
        assertTrue(states > 3_000, "only " + states + " states were seen: the search does not search");
    }

    @ParameterizedTest
    @EnumSource
    void aDamagedLoopIsFound(Damage damage) {
        assertTrue(damage.isFoundIn(WriteLoopModel.SHORT));
    }
}
