// The library from C++17: ownership by unique_ptr, and the version and a fresh Tox ID as output.
//
//     VERSION <major>.<minor>.<patch>
//     ID <76 hex digits>
//
// It stays off the network: UDP and local discovery are disabled.
#include <array>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>

#include <tox/tox.h>

namespace {

struct Free {
    void operator()(Tox_Options *options) const { tox_options_free(options); }
    void operator()(Tox *tox) const { tox_kill(tox); }
};

using Options = std::unique_ptr<Tox_Options, Free>;
using Instance = std::unique_ptr<Tox, Free>;

template <std::size_t N>
std::string to_hex(const std::array<std::uint8_t, N> &bytes)
{
    constexpr char digits[] = "0123456789ABCDEF";
    std::string text;
    text.reserve(2 * N);

    for (const std::uint8_t byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }

    return text;
}

}  // namespace

int main()
{
    std::cout << "VERSION " << tox_version_major() << '.' << tox_version_minor() << '.' << tox_version_patch()
              << '\n';

    const Options options{tox_options_new(nullptr)};

    if (options == nullptr) {
        std::cerr << "cpp_example: out of memory\n";
        return 1;
    }

    tox_options_set_udp_enabled(options.get(), false);
    tox_options_set_local_discovery_enabled(options.get(), false);

    Tox_Err_New error;
    const Instance tox{tox_new(options.get(), &error)};

    if (tox == nullptr) {
        std::cerr << "cpp_example: cannot start Tox (error " << static_cast<int>(error) << ")\n";
        return 1;
    }

    std::array<std::uint8_t, TOX_ADDRESS_SIZE> address{};
    tox_self_get_address(tox.get(), address.data());
    std::cout << "ID " << to_hex(address) << '\n';
    return 0;
}
