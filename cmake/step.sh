#!/bin/sh
# Run a command that takes long: what it is, then a dot every five seconds. Its output is shown when it fails.
#
#     cmake/step.sh "building the library" LOG COMMAND [ARGUMENT ...]
set -u
what=$1 log=$2
shift 2
mkdir -p "$(dirname "$log")"
printf '%s ' "$what"
"$@" >"$log" 2>&1 &
job=$!
begin=$(date +%s) told=$begin
while kill -0 $job 2>/dev/null; do
    sleep 0.2
    now=$(date +%s)
    if [ $((now - told)) -ge 5 ]; then
        printf '.'
        told=$now
    fi
done
wait $job
status=$?
now=$(date +%s)
if [ $status = 0 ]; then
    echo "done in $((now - begin)) s"
else
    echo "failed"
    cat "$log"
fi
exit $status
