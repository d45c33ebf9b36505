# shellcheck shell=dash
# daemon.sh: in the lab, a daemon with jobs that end badly, and others behind them. Writes what the daemon says of each.

SOCKET=/tmp/daemon.sock
PORT=8586
# A guest of the usual size fits, and a large one does not.
export KVMSYS_DAEMON_JOB_MEMORY_MEBIBYTES=640

jobs() { ./kvmsys jobs --connect unix:$SOCKET --json "$@"; }

say() { # NAME COMMAND...: what a command writes, and its status, under its name
    printf '\n== %s\n' "$1"
    shift
    "$@" 2>&1
    printf '\n-- %s\n' $?
}

# The process of an attempt, as soon as its guest runs.
process_of() { # JOB ATTEMPT
    tries=0
    until process=$(cat /proc/$daemon/task/*/children 2>/dev/null) && process=${process% } && [ -n "$process" ] &&
        tr '\0' ' ' <"/proc/$process/cmdline" | grep -q "/spool/$1\.$2\.status" && grep -qsx vcpu "/proc/$process"/task/*/comm; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || return 1
        sleep 0.1
    done 2>/dev/null
    echo "$process"
}

./kvmsys daemon --state /tmp/state --listen unix:$SOCKET http://127.0.0.1:$PORT 2>/tmp/log &
daemon=$!
until jobs host >/dev/null 2>&1; do sleep 0.2; done

jobs submit run --name loop --deadline 3 --attempts 1 ./loop >/dev/null
jobs submit run --name eater --memory 32 ./eater >/dev/null
jobs submit run --name giant --memory 896 --attempts 1 ./eater >/dev/null
jobs submit run --name crash --deadline 60 --attempts 2 ./loop >/dev/null
for attempt in 1 2; do
    # The first one only takes away the handler of .NET, which waits for the same instruction to fail again.
    process=$(process_of 4 $attempt) && while kill -SEGV "$process" 2>/dev/null; do sleep 0.1; done
done
jobs submit run --name good --wait ./hello one >/dev/null
jobs submit bench --name bench --wait --mechanism sysenter --profile bare --sessions 1 --runs 3 --show-emulated >/dev/null
jobs submit run --name cancelled --deadline 60 ./loop >/dev/null
process_of 7 1 >/dev/null && jobs cancel 7 >/dev/null
jobs watch 7 >/dev/null

say ready wget -q -O - http://127.0.0.1:$PORT/readyz
for job in 1 2 3 4 5 6 7; do
    say "job $job" jobs show $job
    say "result $job" jobs result $job
done

say alive kill -0 $daemon
kill -TERM $daemon
wait $daemon
say "log, status $?" cat /tmp/log
