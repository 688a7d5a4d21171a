#!/bin/sh
# For root: a part of the tests as an ordinary user, in a copy of this checkout of their own.
#
#     tests/as_user.sh [ARGUMENTS OF PYTEST]
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
user=toxpy-tests
id "$user" >/dev/null 2>&1 || useradd --create-home "$user"
home=$(getent passwd "$user" | cut -d: -f6)
rm -rf "$home/project"
git -c safe.directory='*' clone -q "$top" "$home/project"
chown -R "$user:" "$home/project"
trap 'rm -rf "$home/project"' EXIT
cd "$home/project"
setpriv --reuid="$user" --regid="$user" --init-groups env HOME="$home" USER="$user" \
    make test PYTEST_ARGS="${*:--m namespaces -k 'netns or capi/host or unit'}"
