# The Debian packages among $@ that this release has; all of them while apt has no lists.
if [ $# = 0 ] || ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1; then
    echo "$@"
else
    apt-cache policy "$@" 2>/dev/null | sed -n 's/^\([^ ]*\):$/\1/p' | tr '\n' ' ' | sed 's/ $//'
fi
