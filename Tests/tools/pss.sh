#!/bin/sh
# pss.sh [BINARY [COUNT]]: the resident memory (PSS, kB) of apus alone, with COUNT idle services (100 by default), two seconds
# after the last has started: what loading took is given back when apus has been quiet.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
binary=${1:-$root/.build-embedded/release/apus}
count=${2:-100}
[ -x "$binary" ] || { echo "pss.sh: there is no $binary" >&2; exit 66; }
folder=$(mktemp -d /tmp/apus-pss-XXXXXX)
apus=
finish() {
  [ -z "$apus" ] || kill -TERM "$apus" 2> /dev/null || true
  [ -z "$apus" ] || wait "$apus" 2> /dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
mkdir "$folder/units"
number=1
while [ "$number" -le "$count" ]; do
  printf '[Service]\nExecStart=/bin/sleep 1000\n' > "$folder/units/s$number.service"
  number=$((number + 1))
done
APUS_CONTROL=$folder/control.sock "$binary" run "$folder/units" > "$folder/out" 2>&1 &
apus=$!
children() { cat "/proc/$apus/task/$apus/children" 2> /dev/null | wc -w; }
tries=0
while [ "$(children)" -lt "$count" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 1500 ] || ! kill -0 "$apus" 2> /dev/null; then
    echo "pss.sh: only $(children) of $count services run" >&2
    tail -n 5 "$folder/out" >&2
    exit 1
  fi
  sleep 0.02
done
sleep 2
awk -v count="$count" '/^Pss:/ { pss = $2 } /^Rss:/ { rss = $2 } END { printf "PSS with %d services: %d kB (RSS %d kB)\n", count, pss, rss }' \
  "/proc/$apus/smaps_rollup"
