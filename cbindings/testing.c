/* The system that c-toxcore's tests put below an instance: clock, randomness, network, memory.
 *
 * Ours is in Python and cannot be replaced from C. So there is one system, whose parts are names without content:
 * programs can ask for it, hand it on, and start an instance on it.
 */

#include "toxcore.h"

static const char randomness, network, memory;

static const Tox_System only_system = {NULL, NULL, &randomness, &network, &memory};

Tox_System tox_default_system(void)
{
    return only_system;
}

const Tox_System *tox_get_system(const Tox *tox)
{
    return tox != NULL ? &only_system : NULL;
}

static bool is_ours(const Tox_System *system)
{
    return system != NULL && system->mono_time_callback == NULL && system->rng == only_system.rng
           && system->ns == only_system.ns && system->mem == only_system.mem;
}

Tox *tox_new_testing(const Tox_Options *options, Tox_Err_New *error, const Tox_Options_Testing *testing,
                     Tox_Err_New_Testing *testing_error)
{
    bool ours = testing != NULL && is_ours(testing->operating_system);
    if (testing_error != NULL) {
        *testing_error = ours ? TOX_ERR_NEW_TESTING_OK : TOX_ERR_NEW_TESTING_NULL;
    }
    if (ours) {
        return tox_new(options, error);
    }
    if (error != NULL) {
        *error = TOX_ERR_NEW_NULL;
    }
    return NULL;
}
