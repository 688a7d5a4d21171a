/* Every function of toxencryptsave with every kind of argument; prints results, errors and lengths. With a
 * file name, writes what it encrypted there; with a second, opens what is in that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tox/toxencryptsave.h>

enum { EXTRA = TOX_PASS_ENCRYPTION_EXTRA_LENGTH, SIZE = 37, SEALED = SIZE + EXTRA };

static const uint8_t pass[] = "correct horse", plain[SIZE] = "thirty-six bytes which nobody reads.";
static uint8_t sealed[SEALED], out[4096];

#define SAY(...) (printf(__VA_ARGS__), fflush(stdout))

static void sizes(void)
{
    SAY("sizes %u %u %u\n", (unsigned)tox_pass_salt_length(), (unsigned)tox_pass_key_length(),
        (unsigned)tox_pass_encryption_extra_length());
}

static void say_encrypt(const char *what, const uint8_t *data, size_t length, const uint8_t *word,
                        size_t word_length, uint8_t *into)
{
    Tox_Err_Encryption error = (Tox_Err_Encryption)77;
    bool done = tox_pass_encrypt(data, length, word, word_length, into, &error);
    SAY("encrypt %s: %d %d %d\n", what, done, (int)error,
        tox_pass_encrypt(data, length, word, word_length, into, NULL));
}

static void say_decrypt(const char *what, const uint8_t *data, size_t length, const uint8_t *word,
                        size_t word_length, uint8_t *into)
{
    Tox_Err_Decryption error = (Tox_Err_Decryption)77;
    bool done = tox_pass_decrypt(data, length, word, word_length, into, &error);
    SAY("decrypt %s %zu: %d %d\n", what, length, done, (int)error);
}

static void with_passphrases(void)
{
    uint8_t long_word[1000];
    memset(long_word, 'w', sizeof long_word);
    say_encrypt("all", plain, SIZE, pass, 13, sealed);
    say_encrypt("one byte", plain, 1, pass, 13, out);
    say_encrypt("without data", NULL, SIZE, pass, 13, out);
    say_encrypt("of length 0", plain, 0, pass, 13, out);
    say_encrypt("without data of length 0", NULL, 0, pass, 13, out);
    say_encrypt("without output", plain, SIZE, pass, 13, NULL);
    say_encrypt("without passphrase", plain, SIZE, NULL, 13, out);
    say_encrypt("long passphrase", plain, SIZE, long_word, sizeof long_word, out);
    say_decrypt("long passphrase", out, SEALED, long_word, sizeof long_word, out + SEALED);
    say_decrypt("its beginning", out, SEALED, long_word, 999, out + SEALED);
    say_encrypt("no passphrase", plain, SIZE, NULL, 0, out);
    say_decrypt("no passphrase", out, SEALED, NULL, 0, out + SEALED);
    say_decrypt("empty passphrase", out, SEALED, pass, 0, out + SEALED);
    SAY("the same %d\n", memcmp(out + SEALED, plain, SIZE));
    say_decrypt("all", sealed, SEALED, pass, 13, out);
    SAY("the same %d\n", memcmp(out, plain, SIZE));
    say_decrypt("wrong", sealed, SEALED, pass, 12, out);
    say_decrypt("without data", NULL, SEALED, pass, 13, out);
    say_decrypt("without output", sealed, SEALED, pass, 13, NULL);
    say_decrypt("without passphrase", sealed, SEALED, NULL, 13, out);
    say_decrypt("without anything", NULL, 0, NULL, 0, NULL);
    say_decrypt("not encrypted", plain, SIZE, pass, 13, out);
    memset(out, 'x', SEALED);
    say_decrypt("not encrypted", out, SEALED, pass, 13, out + SEALED);
    say_decrypt("not encrypted, no passphrase", out, SEALED, NULL, 0, out + SEALED);
    say_decrypt("short, no passphrase", out, EXTRA, NULL, 0, out + SEALED);
}

static void damaged(const Tox_Pass_Key *key)
{
    Tox_Err_Decryption error;
    for (size_t length = 0; length <= SEALED; length++) {
        uint8_t *exact = (uint8_t *)malloc(length + 1);
        memcpy(exact, sealed, length);
        bool done = tox_pass_key_decrypt(key, exact, length, out, &error);
        SAY("cut at %zu: %d %d\n", length, done, (int)error);
        free(exact);
    }
    for (size_t i = 0; i < SEALED; i++) {
        sealed[i] ^= 0x10;
        bool done = tox_pass_key_decrypt(key, sealed, SEALED, out, &error);
        SAY("changed at %zu: %d %d, encrypted %d\n", i, done, (int)error, tox_is_data_encrypted(sealed));
        sealed[i] ^= 0x10;
    }
    for (size_t more = 1; more < 3; more++) {
        memcpy(out, sealed, SEALED);
        bool done = tox_pass_key_decrypt(key, out, SEALED + more, out + 2048, &error);
        SAY("longer by %zu: %d %d\n", more, done, (int)error);
    }
}

static void with_keys(void)
{
    uint8_t salt[TOX_PASS_SALT_LENGTH];
    Tox_Err_Get_Salt salt_error = (Tox_Err_Get_Salt)77;
    Tox_Err_Key_Derivation error = (Tox_Err_Key_Derivation)77;
    Tox_Err_Encryption encryption = (Tox_Err_Encryption)77;
    Tox_Err_Decryption decryption = (Tox_Err_Decryption)77;
    bool done = tox_get_salt(sealed, salt, &salt_error);
    SAY("salt %d %d\n", done, (int)salt_error);
    done = tox_get_salt(NULL, salt, &salt_error);
    SAY("salt of nothing %d %d\n", done, (int)salt_error);
    done = tox_get_salt(sealed, NULL, &salt_error);
    SAY("salt to nowhere %d %d\n", done, (int)salt_error);
    done = tox_get_salt(plain, out, &salt_error);
    SAY("salt of others %d %d\n", done, (int)salt_error);
    SAY("no errors wanted %d %d\n", tox_get_salt(plain, out, NULL), tox_get_salt(sealed, out, NULL));
    Tox_Pass_Key *key = tox_pass_key_derive_with_salt(pass, 13, salt, &error);
    SAY("key %d %d\n", key != NULL, (int)error);
    Tox_Pass_Key *none = tox_pass_key_derive_with_salt(NULL, 13, salt, &error);
    SAY("without passphrase %d %d\n", none != NULL, (int)error);
    none = tox_pass_key_derive_with_salt(pass, 13, NULL, &error);
    SAY("without salt %d %d\n", none != NULL, (int)error);
    none = tox_pass_key_derive(NULL, 13, &error);
    SAY("new without passphrase %d %d\n", none != NULL, (int)error);
    Tox_Pass_Key *empty = tox_pass_key_derive(NULL, 0, &error);
    SAY("empty %d %d\n", empty != NULL, (int)error);
    done = tox_pass_key_decrypt(empty, sealed, SEALED, out, &decryption);
    SAY("with another key %d %d\n", done, (int)decryption);
    tox_pass_key_free(empty);
    done = tox_pass_key_decrypt(NULL, sealed, SEALED, out, &decryption);
    SAY("decrypt without key %d %d\n", done, (int)decryption);
    done = tox_pass_key_decrypt(key, NULL, SEALED, out, &decryption);
    SAY("decrypt without data %d %d\n", done, (int)decryption);
    done = tox_pass_key_decrypt(key, sealed, SEALED, NULL, &decryption);
    SAY("decrypt without output %d %d\n", done, (int)decryption);
    done = tox_pass_key_encrypt(NULL, plain, SIZE, out, &encryption);
    SAY("encrypt without key %d %d\n", done, (int)encryption);
    done = tox_pass_key_encrypt(key, NULL, SIZE, out, &encryption);
    SAY("encrypt without data %d %d\n", done, (int)encryption);
    done = tox_pass_key_encrypt(key, plain, 0, out, &encryption);
    SAY("encrypt of length 0 %d %d\n", done, (int)encryption);
    done = tox_pass_key_encrypt(key, plain, SIZE, NULL, &encryption);
    SAY("encrypt to nowhere %d %d\n", done, (int)encryption);
    done = tox_pass_key_encrypt(key, plain, SIZE, out, &encryption);
    SAY("encrypt %d %d, its head is the same %d\n", done, (int)encryption, memcmp(out, sealed, 40));
    done = tox_pass_key_decrypt(key, out, SEALED, out + 2048, &decryption);
    SAY("decrypt %d %d, the same %d\n", done, (int)decryption, memcmp(out + 2048, plain, SIZE));
    SAY("no errors wanted %d\n", tox_pass_key_decrypt(key, out, SEALED, out + 2048, NULL));
    memcpy(out, sealed, SEALED);
    done = tox_pass_key_decrypt(key, out, SEALED, out, &decryption);
    SAY("decrypt in place %d %d, the same %d\n", done, (int)decryption, memcmp(out, plain, SIZE));
    damaged(key);
    tox_pass_key_free(key);
    tox_pass_key_free(NULL);
}

int main(int argc, char **argv)
{
    sizes();
    with_passphrases();
    with_keys();
    if (argc > 1) {
        FILE *file = fopen(argv[1], "wb");
        fwrite(sealed, sizeof sealed, 1, file);
        fclose(file);
    }
    if (argc > 2) {
        FILE *file = fopen(argv[2], "rb");
        if (fread(sealed, sizeof sealed, 1, file) != 1) {
            return 2;
        }
        fclose(file);
        say_decrypt("the other's", sealed, SEALED, pass, 13, out);
        SAY("the same %d\n", memcmp(out, plain, SIZE));
        with_keys();
    }
    return 0;
}
