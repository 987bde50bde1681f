#!/bin/sh
# Becomes workerd (exec), once its number stands where the watchdog of local/scratch.ts looks for it. Miniflare starts this in
# the place of workerd. TRANCHE_SCRATCH: the directory of openScratch. TRANCHE_WORKERD: the real executable.
# Without TRANCHE_SCRATCH nobody watches, and it is workerd at once.
[ -n "${TRANCHE_SCRATCH:-}" ] || exec "$TRANCHE_WORKERD" "$@"
# The terminal sends its signals to every process of the group; workerd is ended by whoever started it.
trap '' INT HUP QUIT
# No directory: whoever started this has ended.
printf workerd >"$TRANCHE_SCRATCH/pids/$$" || exit 1
exec "$TRANCHE_WORKERD" "$@"
