/* toxencryptsave: checks and memory in C, key derivation and boxes in toxpy/save/passkey.py. */
#include <stdlib.h>
#include <string.h>

#include "api_generated.h"
#include "library.h"

static const char magic[] = {'t', 'o', 'x', 'E', 's', 'a', 'v', 'e'};

struct Tox_Pass_Key {
    uint8_t salt[TOX_PASS_SALT_LENGTH];
    uint8_t key[TOX_PASS_KEY_LENGTH];
};

static void set_error(int *error, int code)
{
    if (error != NULL) {
        *error = code;
    }
}

/* There is no length: only the first 8 bytes may be read. */
bool tox_is_data_encrypted(const uint8_t *data)
{
    return data != NULL && memcmp(data, magic, sizeof magic) == 0;
}

bool tox_get_salt(const uint8_t *ciphertext, uint8_t salt[TOX_PASS_SALT_LENGTH], Tox_Err_Get_Salt *error)
{
    Tox_Err_Get_Salt code = TOX_ERR_GET_SALT_OK;
    if (ciphertext == NULL || salt == NULL) {
        code = TOX_ERR_GET_SALT_NULL;
    } else if (!tox_is_data_encrypted(ciphertext)) {
        code = TOX_ERR_GET_SALT_BAD_FORMAT;
    } else {
        memcpy(salt, ciphertext + sizeof magic, TOX_PASS_SALT_LENGTH);
    }
    if (error != NULL) {
        *error = code;
    }
    return code == TOX_ERR_GET_SALT_OK;
}

static bool derive(Tox_Pass_Key *key, const uint8_t *passphrase, size_t length, const uint8_t *salt)
{
    bool done = toxpy_call_begin()
                && py_pass_derive((char *)key->key, (char *)key->salt, (const char *)salt,
                                  (const char *)passphrase, length);
    return !toxpy_call_end() && done;
}

static void forget(Tox_Pass_Key *key)
{
    volatile uint8_t *bytes = (volatile uint8_t *)key;
    for (size_t i = 0; i < sizeof *key; i++) {
        bytes[i] = 0;
    }
}

Tox_Pass_Key *tox_pass_key_derive_with_salt(const uint8_t *passphrase, size_t passphrase_len,
                                            const uint8_t salt[TOX_PASS_SALT_LENGTH],
                                            Tox_Err_Key_Derivation *error)
{
    Tox_Err_Key_Derivation code = TOX_ERR_KEY_DERIVATION_FAILED;
    Tox_Pass_Key *key = NULL;
    if (salt == NULL || (passphrase == NULL && passphrase_len != 0)) {
        code = TOX_ERR_KEY_DERIVATION_NULL;
    } else if ((key = (Tox_Pass_Key *)malloc(sizeof *key)) != NULL) {
        if (derive(key, passphrase, passphrase_len, salt)) {
            code = TOX_ERR_KEY_DERIVATION_OK;
        } else {
            tox_pass_key_free(key);
            key = NULL;
        }
    }
    if (error != NULL) {
        *error = code;
    }
    return key;
}

Tox_Pass_Key *tox_pass_key_derive(const uint8_t *passphrase, size_t passphrase_len,
                                  Tox_Err_Key_Derivation *error)
{
    uint8_t salt[TOX_PASS_SALT_LENGTH];
    bool done = toxpy_call_begin() && py_pass_random((char *)salt, sizeof salt);
    if (toxpy_call_end() || !done) {
        if (error != NULL) {
            *error = TOX_ERR_KEY_DERIVATION_FAILED;
        }
        return NULL;
    }
    return tox_pass_key_derive_with_salt(passphrase, passphrase_len, salt, error);
}

void tox_pass_key_free(Tox_Pass_Key *key)
{
    if (key != NULL) {
        forget(key);
        free(key);
    }
}

static int encrypt(const Tox_Pass_Key *key, const uint8_t *plaintext, size_t length, uint8_t *ciphertext)
{
    bool done = toxpy_call_begin()
                && py_pass_encrypt((char *)ciphertext, (const char *)plaintext, length,
                                   (const char *)key->key, (const char *)key->salt);
    return !toxpy_call_end() && done ? TOX_ERR_ENCRYPTION_OK : TOX_ERR_ENCRYPTION_FAILED;
}

bool tox_pass_key_encrypt(const Tox_Pass_Key *key, const uint8_t *plaintext, size_t plaintext_len,
                          uint8_t *ciphertext, Tox_Err_Encryption *error)
{
    bool complete = key != NULL && plaintext != NULL && plaintext_len != 0 && ciphertext != NULL;
    int code = complete ? encrypt(key, plaintext, plaintext_len, ciphertext) : (int)TOX_ERR_ENCRYPTION_NULL;
    set_error((int *)error, code);
    return code == TOX_ERR_ENCRYPTION_OK;
}

bool tox_pass_encrypt(const uint8_t *plaintext, size_t plaintext_len, const uint8_t *passphrase,
                      size_t passphrase_len, uint8_t *ciphertext, Tox_Err_Encryption *error)
{
    int code = TOX_ERR_ENCRYPTION_NULL;
    if (plaintext != NULL && plaintext_len != 0 && ciphertext != NULL
        && (passphrase != NULL || passphrase_len == 0)) {
        Tox_Pass_Key *key = tox_pass_key_derive(passphrase, passphrase_len, NULL);
        code = key != NULL ? encrypt(key, plaintext, plaintext_len, ciphertext)
                           : (int)TOX_ERR_ENCRYPTION_KEY_DERIVATION_FAILED;
        tox_pass_key_free(key);
    }
    set_error((int *)error, code);
    return code == TOX_ERR_ENCRYPTION_OK;
}

static int check_ciphertext(const uint8_t *ciphertext, size_t length, const uint8_t *plaintext)
{
    if (length <= TOX_PASS_ENCRYPTION_EXTRA_LENGTH) {
        return TOX_ERR_DECRYPTION_INVALID_LENGTH;
    }
    if (ciphertext == NULL || plaintext == NULL) {
        return TOX_ERR_DECRYPTION_NULL;
    }
    return tox_is_data_encrypted(ciphertext) ? TOX_ERR_DECRYPTION_OK : TOX_ERR_DECRYPTION_BAD_FORMAT;
}

static int decrypt(const Tox_Pass_Key *key, const uint8_t *ciphertext, size_t length, uint8_t *plaintext)
{
    bool done = toxpy_call_begin()
                && py_pass_decrypt((char *)plaintext, (const char *)ciphertext, length,
                                   (const char *)key->key, (const char *)key->salt);
    return !toxpy_call_end() && done ? TOX_ERR_DECRYPTION_OK : TOX_ERR_DECRYPTION_FAILED;
}

bool tox_pass_key_decrypt(const Tox_Pass_Key *key, const uint8_t *ciphertext, size_t ciphertext_len,
                          uint8_t *plaintext, Tox_Err_Decryption *error)
{
    int code = check_ciphertext(ciphertext, ciphertext_len, plaintext);
    if (code == TOX_ERR_DECRYPTION_OK) {
        code =
            key != NULL ? decrypt(key, ciphertext, ciphertext_len, plaintext) : (int)TOX_ERR_DECRYPTION_NULL;
    }
    set_error((int *)error, code);
    return code == TOX_ERR_DECRYPTION_OK;
}

bool tox_pass_decrypt(const uint8_t *ciphertext, size_t ciphertext_len, const uint8_t *passphrase,
                      size_t passphrase_len, uint8_t *plaintext, Tox_Err_Decryption *error)
{
    /* no passphrase is an error here, even one of length 0, with which tox_pass_encrypt is content */
    int code = check_ciphertext(ciphertext, ciphertext_len, passphrase != NULL ? plaintext : NULL);
    if (code == TOX_ERR_DECRYPTION_OK) {
        const uint8_t *salt = ciphertext + sizeof magic;
        Tox_Pass_Key *key = tox_pass_key_derive_with_salt(passphrase, passphrase_len, salt, NULL);
        code = key != NULL ? decrypt(key, ciphertext, ciphertext_len, plaintext)
                           : (int)TOX_ERR_DECRYPTION_KEY_DERIVATION_FAILED;
        tox_pass_key_free(key);
    }
    set_error((int *)error, code);
    return code == TOX_ERR_DECRYPTION_OK;
}
