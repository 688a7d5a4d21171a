"""The shell lines of a page, run in their order as somebody would type them.

They run in a copy of the checkout, in mount and network namespaces of their own: what they write into
/etc, /opt and /var/lib is gone afterwards, and nothing leaves the machine. Stand-ins take the place of what
would install, build or download something. With `real` (`make walk`, for root) most of that is real too:
packages are installed to stay, and pip and CMake reach the network outside. `REPLACED_ALWAYS` has the rest.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.prefix import prefix

ROOT = Path(__file__).parents[2]
TIMEOUT_S, REAL_TIMEOUT_S = 100, 900
#: Of a user who has changed nothing.
USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NODES = '{"nodes": [{"ipv4": "127.0.0.1", "port": 33445, "public_key": "' + "AB" * 32 + '"}]}'

#: lines that end with a signal only, and what they say when they work
ENDLESS = {
    r"^python examples/echo_bot\.py ": "Tox ID: ",
    r"^sudo -u tox-bootstrapd /opt/toxpy/bin/toxpy bootstrapd ": "Public Key: ",
}

REPLACED_ALWAYS = {
    # no init to talk to
    "systemctl": "",
    "journalctl": 'echo "Public Key: AB"',
    # its path is not the user's
    "sudo": """\
become=
if [ "$1" = -u ]; then
    [ -z "$REAL" ] || become="setpriv --reuid=$2 --regid=$2 --init-groups"
    shift 2
fi
PATH=$ROOTS_PATH exec $become "$@\"""",
    # the one machine in the Internet that the lines ask
    "curl": f'[ "$1" = -o ]\ncat >"$2" <<\'END\'\n{NODES}\nEND',
    # targets are there; .ci/run makes them
    "make": """\
if [ "$1" = build ]; then
    mkdir build; ln -s "$PREFIX" build/prefix; ln -s "$(dirname "$(dirname "$PYTHON")")" .venv
fi
exec /usr/bin/make -n -s "$@" >/dev/null""",
    # it would want a terminal: which library it gets is the question
    "toxic": 'ldd /usr/bin/toxic | grep "=> $CHECKOUT/prefix/lib/libtoxcore.so.2 "',
}

REPLACED = {
    # what would change the machine
    **dict.fromkeys(["apt-get", "useradd", "ldconfig"], ""),
    # there is no such user here
    "install": """\
words=
while [ $# -gt 0 ]; do
    case "$1" in -o|-g) shift ;; *) words="$words $1" ;; esac
    shift
done
exec /usr/bin/install $words""",
    "cmake": 'if [ "$1" = --install ]; then [ "$3" = --prefix ]; mkdir -p "$4"; cp -a "$PREFIX/." "$4"; fi',
    "python3": """\
[ "$1 $2" = "-m venv" ] || exec "$PYTHON" "$@"
"$PYTHON" -m venv --without-pip "$3"
echo "import site, sys; sys.path[:0] = [r'$CHECKOUT']; site.addsitedir(r'$PACKAGES')" \\
    >"$("$3/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/toxpy.pth"
printf '#!/bin/sh\\nexec "$(dirname "$0")/python" -m toxpy "$@"\\n' >"$3/bin/toxpy"
printf '#!/bin/sh\\n[ "$1" = install ]\\n' >"$3/bin/pip"
chmod +x "$3/bin/toxpy" "$3/bin/pip"
mkdir -p "$3/lib/systemd"
cp -a "$PREFIX/lib/systemd/." "$3/lib/systemd/\"""",
}

#: What is real, but in the network outside.
OUTSIDE = {
    **{name: f'exec nsenter --net="$OUTSIDE" /usr/bin/{name} "$@"' for name in ("apt-get", "cmake")},
    "python3": """\
/usr/bin/python3 "$@"
if [ "$1 $2" = "-m venv" ]; then
    printf '#!/bin/sh\\nexec nsenter --net="$OUTSIDE" "$(dirname "$0")/python" -m pip "$@"\\n' >"$3/bin/pip"
fi""",
}

ENTER = """\
mount --make-rprivate /
mkdir "$SCRATCH/etc"
# other tests make and remove namespaces at the same time
find /etc -mindepth 1 -maxdepth 1 ! -name netns -exec cp -a -t "$SCRATCH/etc" {} +
mount --bind "$SCRATCH/etc" /etc
mount -t tmpfs tmpfs /etc/systemd
mkdir /etc/systemd/system
mount -t tmpfs tmpfs /opt
if [ -n "$REAL" ]; then
    mkdir "$SCRATCH/var-lib"
    cp -a /var/lib/apt /var/lib/dpkg "$SCRATCH/var-lib"
    mount --bind "$SCRATCH/var-lib" /var/lib
else
    mount -t tmpfs tmpfs /var/lib
fi
ip link set lo up
cd "$CHECKOUT"
exec sh -ex "$SCRATCH/script"
"""

PRELUDE = """\
until_says() {
    wanted=$1; shift
    "$@" >"$SCRATCH/said" 2>&1 & process=$!
    for _ in $(seq 300); do
        if grep -q "$wanted" "$SCRATCH/said"; then kill -INT $process; wait $process || true; return 0; fi
        kill -0 $process || break
        sleep 0.1
    done
    cat "$SCRATCH/said"; exit 1
}
"""


def logical_lines(code):
    """Commands of a block: lines that go on (a backslash, a here-document) together."""
    lines, whole, end = [], "", None
    for line in code.splitlines(keepends=True):
        whole += line
        if end is None and (found := re.search(r"<<'(\w+)'", line)):
            end = found[1]
        elif end is not None:
            if line.rstrip() != end:
                continue
            end = None
        if end is None and not line.endswith("\\\n"):
            lines.append(whole)
            whole = ""
    return lines


def script_of(blocks):
    """What to run: the lines as they stand, but for those that would never end."""
    parts = [PRELUDE]
    for line in (line for code in blocks for line in logical_lines(code)):
        endless = [said for pattern, said in ENDLESS.items() if re.match(pattern, line)]
        parts.append(f"until_says '{endless[0]}' {line}" if endless else line)
    return "".join(parts)


def install_packages(blocks):
    """What all pages want of apt, for real and to stay: in the namespaces nothing is left to do."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    lines = [line for code in blocks for line in logical_lines(code) if line.startswith("sudo apt-get ")]
    assert lines
    for line in dict.fromkeys(lines):
        subprocess.run(["sh", "-c", line.removeprefix("sudo ")], env=environment, check=True)


def run_blocks(blocks, scratch, real=False):
    """Run the blocks of one page in one shell; what they said."""
    checkout, stand_ins = scratch / "checkout", scratch / "stand-ins"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, checkout / name)
    stand_ins.mkdir()
    for name, body in {**REPLACED_ALWAYS, **(OUTSIDE if real else REPLACED)}.items():
        path = stand_ins / name
        path.write_text(f"#!/bin/sh -e\n{body}\n")
        path.chmod(0o755)
    (scratch / "script").write_text(script_of(blocks))
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOXPY_", "PYTHON"))}
    path = f"{stand_ins}:{USUAL_PATH if real else os.environ['PATH']}"
    environment = {
        **kept,
        "PATH": path,
        "ROOTS_PATH": path,
        "REAL": "yes" if real else "",
        "OUTSIDE": f"/proc/{os.getpid()}/ns/net",
        "HOME": str(scratch),
        "SCRATCH": str(scratch),
        "CHECKOUT": str(checkout),
        "PREFIX": str(prefix()),
        "PYTHON": sys.executable,
        "PACKAGES": packages,
    }
    return subprocess.run(
        ["unshare", "--mount", "--net", "sh", "-ec", ENTER],
        env=environment,
        capture_output=True,
        text=True,
        timeout=REAL_TIMEOUT_S if real else TIMEOUT_S,
    )
