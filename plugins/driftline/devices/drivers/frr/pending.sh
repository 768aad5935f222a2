# Keeps what a router comes back to unless a change is confirmed. Runs on the router, in the account's shell.
# Usage: sh -c THIS sh arm NAME SECONDS | show | confirm NAME | abort NAME
# Exit status: 0 done, 3 no commit waits, 4 another one waits (its name is printed), 1 it failed (why is printed).
umask 077
PATH=$PATH:/usr/lib/frr:/usr/libexec/frr:/usr/sbin:/sbin
folder=${HOME:?}/.napalm_frr/$(uname -n)
mkdir -p "$folder" && cd "$folder" || exit 1

# The process that waits holds this lock while it lives: what a dead one left behind does not count.
exec 9>>lock
name() { cat pending/name 2>/dev/null || cat reverting/name 2>/dev/null; }
waits() {
    if flock -n 9; then return 3; fi
    [ -z "$1" ] || [ "$(name)" = "$1" ] || { name; return 4; }
}

case $1 in
arm)
    flock -n 9 || { name; exit 4; }
    rm -rf draft pending reverting confirmed
    mkdir draft || exit 1
    command -v frr-reload.py >/dev/null || { echo "there is no frr-reload.py"; exit 1; }
    vtysh -c 'show running-config no-header' >draft/frr.conf 2>draft/log || { cat draft/log; exit 1; }
    echo "$2" >draft/name
    # Whoever renames `pending` decides what becomes of it.
    cat >draft/timer <<'END'
trap : USR1
echo $$ >pending/pid
sleep "$1" 9>&- &
wait $!
kill $! 2>/dev/null
mv pending reverting || exit
for pass in 1 2 3; do
    # Its exit status says little: FRR refuses to take an IPv6 address from a port that is shut down, and does it.
    frr-reload.py --reload --stdout --rundir "$PWD/reverting" reverting/frr.conf >reverting/log 2>&1 9>&-
    [ "$(vtysh -c 'show running-config no-header' 2>/dev/null)" = "$(cat reverting/frr.conf)" ] || continue
    exec rm -rf reverting
done
END
    mv draft pending || exit 1
    setsid sh pending/timer "$3" </dev/null >/dev/null 2>&1 &
    tries=100
    until [ -s pending/pid ]; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "the timer did not start"; exit 1; }
        sleep 0.05
    done
    ;;
show)
    waits "" || exit
    name || echo unnamed
    ;;
confirm)
    waits "$2" || exit
    timer=$(cat pending/pid) && mv pending confirmed || { echo "it goes back already"; exit 1; }
    kill -USR1 "$timer"
    flock -w 10 9
    rm -rf confirmed
    ;;
abort)
    waits "$2" || exit
    timer=$(cat pending/pid 2>/dev/null) && kill -USR1 "$timer"
    flock -w 120 9 || { echo "it does not come to an end"; exit 1; }
    [ ! -d reverting ] || { tail -n 3 reverting/log; exit 1; }
    ;;
esac
