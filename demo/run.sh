#!/bin/sh
# The main job, end to end, on a lab of simulated devices: drift, plan, apply, verify, and a failure rolled back.
# Usage: demo/run.sh [path to the driftline command]
set -u
driftline=${1:-driftline}
cd "$(dirname "$0")/.." || exit 1

export DRIFTLINE_LAB=.driftline/demo.sock
export DRIFTLINE_STATE_DIR=.driftline/demo
export DRIFTLINE_NORNIR__OPTIONS__HOST_FILE=.driftline/demo-hosts.yml
export DRIFTLINE_CONNECTION__TIMEOUT=5

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }

# Runs a command as a user would, and checks its exit status: run STATUS COMMAND...
run() {
    expected=$1
    shift
    printf '\n$ driftline %s\n' "$*"
    "$driftline" "$@"
    status=$?
    [ "$status" -eq "$expected" ] && return
    printf 'exit status %s, expected %s\n' "$status" "$expected" >&2
    exit 1
}

fail() { printf '%s\n' "$*" >&2; exit 1; }

"$driftline" lab down >/dev/null 2>&1
trap '"$driftline" lab down >/dev/null 2>&1' EXIT
mkdir -p .driftline

say "A lab of 3 sites x 4 devices, in line with inventory/intent"
run 0 lab up --background --hosts "$DRIFTLINE_NORNIR__OPTIONS__HOST_FILE" --port "${DEMO_PORT:-8180}"

say "3 a.m.: somebody changes things by hand"
run 0 lab change ams-leaf1 'interface Ethernet3' 'description temporary, remove me' 'shutdown' \
    'interface Ethernet7' 'switchport access vlan 12'
run 0 lab change fra-leaf2 'interface Vlan11' 'ip address 10.1.18.99/24' 'no vlan 13'
run 0 lab change lon-leaf2 'vlan 66' 'interface Vlan66' 'ip address 192.0.2.1/24'

say "driftline finds it ..."
run 2 drift

say "... plans the repair ..."
run 2 plan --diff --out .driftline/demo-plan.json

say "... and applies exactly that plan: one session, one timed commit, one confirm per device"
"$driftline" lab counters --reset >/dev/null
run 0 apply .driftline/demo-plan.json
run 0 lab counters --reset

say "A second run finds nothing, and opens no session"
run 0 remediate --yes
run 0 lab counters

say "The same again, but one device fails in the middle of its commit"
run 0 lab change ams-leaf1 'interface Ethernet3' 'shutdown'
run 0 lab change ams-leaf2 'interface Ethernet5' 'description temporary' 'shutdown'
run 0 lab change lon-leaf2 'interface Vlan66' 'ip address 192.0.2.1/24'
"$driftline" lab show ams-leaf2 running >.driftline/demo-before.cfg || fail "no configuration"
run 0 lab fault ams-leaf2 partial-commit --times 1
run 4 remediate --yes
"$driftline" lab show ams-leaf2 running >.driftline/demo-after.cfg || fail "no configuration"
cmp .driftline/demo-before.cfg .driftline/demo-after.cfg || fail "ams-leaf2 is not as it was before"
say "ams-leaf2 is byte-identical to before; the others are in line"
run 2 drift

say "The fault is gone: the next run repairs it"
run 0 remediate --yes
printf '\nThe demo went as it should.\n'
