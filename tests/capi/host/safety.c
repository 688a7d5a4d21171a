/* Safety numbers: both friends have the same one, other friends another; a string of 71 characters. */
#include <tox/tox.h>

#include <string.h>

#include "check.h"

static Tox *new_tox(void)
{
    Tox_Options *options = tox_options_new(NULL);
    tox_options_set_local_discovery_enabled(options, false);
    Tox *tox = tox_new(options, NULL);
    tox_options_free(options);
    CHECK(tox != NULL);
    return tox;
}

static Tox_Friend_Number add(Tox *tox, const Tox *friend_tox)
{
    uint8_t key[TOX_PUBLIC_KEY_SIZE];
    tox_self_get_public_key(friend_tox, key);
    return tox_friend_add_norequest(tox, key, NULL);
}

int main(void)
{
    Tox *alice = new_tox(), *bob = new_tox(), *eve = new_tox();
    const Tox_Friend_Number alices_bob = add(alice, bob), alices_eve = add(alice, eve),
                            bobs_alice = add(bob, alice);

    char here[TOX_SAFETY_NUMBER_SIZE + 1];
    Tox_Safety_Number there, other;
    memset(here, '#', sizeof here);
    Tox_Err_Friend_Query error = TOX_ERR_FRIEND_QUERY_NULL;
    CHECK(tox_friend_get_safety_number(alice, alices_bob, here, &error) && error == TOX_ERR_FRIEND_QUERY_OK);
    CHECK(here[TOX_SAFETY_NUMBER_SIZE] == '#'); /* nothing behind it was written */
    CHECK(strlen(here) == 71 && strspn(here, "0123456789 ") == 71);
    for (size_t i = 0; i < 71; i++) {
        CHECK((here[i] == ' ') == (i % 6 == 5));
    }
    CHECK(tox_friend_get_safety_number(bob, bobs_alice, there, NULL) && strcmp(here, there) == 0);
    CHECK(tox_friend_get_safety_number(alice, alices_eve, other, NULL) && strcmp(here, other) != 0);

    CHECK(!tox_friend_get_safety_number(alice, 7, other, &error)
          && error == TOX_ERR_FRIEND_QUERY_FRIEND_NOT_FOUND);
    CHECK(!tox_friend_get_safety_number(alice, alices_bob, NULL, &error)
          && error == TOX_ERR_FRIEND_QUERY_NULL);

    tox_kill(alice);
    tox_kill(bob);
    tox_kill(eve);
    puts("ok");
    return 0;
}
