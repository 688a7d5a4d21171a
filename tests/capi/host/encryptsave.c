/* What one library encrypts the other decrypts. Arguments: the paths of two libraries. */
#include <dlfcn.h>
#include <string.h>
#include <tox/toxencryptsave.h>

#include "check.h"

struct library {
    bool (*encrypt)(const uint8_t *, size_t, const uint8_t *, size_t, uint8_t *, Tox_Err_Encryption *);
    bool (*decrypt)(const uint8_t *, size_t, const uint8_t *, size_t, uint8_t *, Tox_Err_Decryption *);
    bool (*is_encrypted)(const uint8_t *);
    bool (*get_salt)(const uint8_t *, uint8_t *, Tox_Err_Get_Salt *);
    Tox_Pass_Key *(*derive)(const uint8_t *, size_t, Tox_Err_Key_Derivation *);
    Tox_Pass_Key *(*derive_with_salt)(const uint8_t *, size_t, const uint8_t *, Tox_Err_Key_Derivation *);
    bool (*key_encrypt)(const Tox_Pass_Key *, const uint8_t *, size_t, uint8_t *, Tox_Err_Encryption *);
    bool (*key_decrypt)(const Tox_Pass_Key *, const uint8_t *, size_t, uint8_t *, Tox_Err_Decryption *);
    void (*free_key)(Tox_Pass_Key *);
};

static struct library load(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(handle != NULL);
    struct library library;
    const char *names[] = {"tox_pass_encrypt",     "tox_pass_decrypt",     "tox_is_data_encrypted",
                           "tox_get_salt",         "tox_pass_key_derive",  "tox_pass_key_derive_with_salt",
                           "tox_pass_key_encrypt", "tox_pass_key_decrypt", "tox_pass_key_free"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *symbol = dlsym(handle, names[i]);
        CHECK(symbol != NULL);
        memcpy((char *)&library + i * sizeof symbol, &symbol, sizeof symbol);
    }
    return library;
}

static const uint8_t plain[] = "a profile of some bytes", pass[] = "correct horse";
enum { SIZE = sizeof plain, SEALED = SIZE + TOX_PASS_ENCRYPTION_EXTRA_LENGTH };

static void cross(const struct library *writer, const struct library *reader)
{
    uint8_t sealed[SEALED], opened[SIZE] = {0}, salt[TOX_PASS_SALT_LENGTH];
    Tox_Err_Encryption encryption;
    Tox_Err_Decryption decryption;
    CHECK(writer->encrypt(plain, SIZE, pass, sizeof pass, sealed, &encryption)
          && encryption == TOX_ERR_ENCRYPTION_OK);
    CHECK(reader->is_encrypted(sealed) && !reader->is_encrypted(plain));
    CHECK(reader->decrypt(sealed, SEALED, pass, sizeof pass, opened, &decryption));
    CHECK(decryption == TOX_ERR_DECRYPTION_OK && memcmp(opened, plain, SIZE) == 0);
    CHECK(!reader->decrypt(sealed, SEALED, pass, 3, opened, &decryption));
    CHECK(decryption == TOX_ERR_DECRYPTION_FAILED);

    CHECK(reader->get_salt(sealed, salt, NULL) && memcmp(salt, sealed + 8, sizeof salt) == 0);
    Tox_Pass_Key *key = reader->derive_with_salt(pass, sizeof pass, salt, NULL);
    CHECK(key != NULL && reader->key_decrypt(key, sealed, SEALED, opened, NULL));
    uint8_t again[SEALED];
    CHECK(reader->key_encrypt(key, plain, SIZE, again, NULL) && memcmp(again, sealed, 40) == 0);
    CHECK(memcmp(again + 40, sealed + 40, 24) != 0); /* a new nonce each time */
    CHECK(writer->decrypt(again, SEALED, pass, sizeof pass, opened, NULL));
    again[SEALED - 1] ^= 1;
    CHECK(!reader->key_decrypt(key, again, SEALED, opened, &decryption)
          && decryption == TOX_ERR_DECRYPTION_FAILED);
    reader->free_key(key);
}

static void errors(const struct library *library)
{
    uint8_t sealed[SEALED] = {0}, opened[SIZE], salt[TOX_PASS_SALT_LENGTH];
    Tox_Err_Encryption encryption;
    Tox_Err_Decryption decryption;
    Tox_Err_Get_Salt get_salt;
    Tox_Err_Key_Derivation derivation;
    CHECK(!library->encrypt(plain, 0, pass, 1, sealed, &encryption) && encryption == TOX_ERR_ENCRYPTION_NULL);
    CHECK(!library->encrypt(NULL, 5, pass, 1, sealed, &encryption) && encryption == TOX_ERR_ENCRYPTION_NULL);
    CHECK(!library->decrypt(sealed, 80, pass, 1, opened, &decryption));
    CHECK(decryption == TOX_ERR_DECRYPTION_INVALID_LENGTH);
    CHECK(!library->decrypt(sealed, SEALED, pass, 1, opened, &decryption));
    CHECK(decryption == TOX_ERR_DECRYPTION_BAD_FORMAT);
    CHECK(!library->get_salt(sealed, salt, &get_salt) && get_salt == TOX_ERR_GET_SALT_BAD_FORMAT);
    CHECK(!library->get_salt(NULL, salt, &get_salt) && get_salt == TOX_ERR_GET_SALT_NULL);
    CHECK(library->derive_with_salt(pass, 1, NULL, &derivation) == NULL
          && derivation == TOX_ERR_KEY_DERIVATION_NULL);
    CHECK(library->derive_with_salt(NULL, 1, salt, &derivation) == NULL
          && derivation == TOX_ERR_KEY_DERIVATION_NULL);
    Tox_Pass_Key *key = library->derive(NULL, 0, &derivation);
    CHECK(key != NULL && derivation == TOX_ERR_KEY_DERIVATION_OK);
    library->free_key(key);
    library->free_key(NULL);
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    struct library one = load(argv[1]), other = load(argv[2]);
    cross(&one, &other);
    cross(&other, &one);
    errors(&one);
    errors(&other);
    puts("ok");
    return 0;
}
