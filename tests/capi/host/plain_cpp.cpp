/* A C++17 program. */
#include <tox/tox.h>

#include <memory>
#include <string>

#include "check.h"

int main()
{
    Tox_Err_New error;
    std::unique_ptr<Tox, decltype(&tox_kill)> tox(tox_new(nullptr, &error), tox_kill);
    CHECK(tox != nullptr && error == TOX_ERR_NEW_OK);
    std::string name(tox_max_name_length(), 'n');
    CHECK(tox_self_set_name(tox.get(), reinterpret_cast<const uint8_t *>(name.data()), name.size(), nullptr));
    std::string read(tox_self_get_name_size(tox.get()), '\0');
    tox_self_get_name(tox.get(), reinterpret_cast<uint8_t *>(&read[0]));
    CHECK(read == name);
    std::puts("ok");
}
