#!/bin/sh
# cases.sh OUTPUT [COMMAND...]: runs the cases of the list that lies beside it, each by COMMAND, or by itself where there is none. So it
# does on the host and in the lab, whose busybox has all that is used here.
#
# OUTPUT then has, for each case, NUMBER.out and NUMBER.err, and in the file `statuses` a line `NUMBER STATUS BEGAN ENDED`, the times in
# seconds since the machine was started.
set -u
OUTPUT=$1
shift
# For the list.
# shellcheck disable=SC2034
RUN=$* NATIVE=
# shellcheck disable=SC2034
[ $# != 0 ] || NATIVE=yes
cd "$(dirname "$0")" || exit
# shellcheck disable=SC3045
ulimit -c 0
mkfifo "$OUTPUT/broken"

# A case has a time limit of its own: kvmsys's would be part of what is tested.
one() { # NUMBER STREAMS SECONDS COMMAND...
    number=$1 streams=$2 seconds=$3
    shift 3
    read -r began _ </proc/uptime
    case $streams in
    files)
        timeout -s KILL "$seconds" "$@" <"inputs/$number" >"$OUTPUT/$number.out" 2>"$OUTPUT/$number.err"
        status=$?
        ;;
    pipes)
        # shellcheck disable=SC2002
        cat "inputs/$number" | {
            timeout -s KILL "$seconds" "$@" 2>"$OUTPUT/$number.err"
            echo $? >"$OUTPUT/status"
        } | cat >"$OUTPUT/$number.out"
        read -r status <"$OUTPUT/status"
        ;;
    broken)
        # Opened for both first, for a writer would wait; then nobody is left to read.
        # shellcheck disable=SC2094
        exec 8<>"$OUTPUT/broken" 9>"$OUTPUT/broken" 8>&-
        timeout -s KILL "$seconds" "$@" <"inputs/$number" >&9 2>"$OUTPUT/$number.err" 9>&-
        status=$?
        exec 9>&-
        : >"$OUTPUT/$number.out"
        ;;
    esac
    read -r ended _ </proc/uptime
    echo "$number $status $began $ended" >>"$OUTPUT/statuses"
}

# shellcheck disable=SC1091
. ./list
rm -f "$OUTPUT/broken" "$OUTPUT/status"
