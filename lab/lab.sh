#!/bin/bash
# lab.sh: runs a command in an emulated machine that has a genuine /dev/kvm, on a host that need not have one.
set -euo pipefail
export LC_ALL=C

TEMPORARY=()

finish() {
    trap '' HUP INT QUIT TERM
    set +e
    exec 2>/dev/null # bash would name each child that a signal ends
    # shellcheck disable=SC2046
    kill $(jobs -p) # `timeout` passes it on to QEMU
    wait
    [ ${#TEMPORARY[@]} = 0 ] || rm -rf "${TEMPORARY[@]}"
}

# Before the first folder there is nothing to undo: until then a signal ends bash as it ends any program, and cannot confuse it while it
# reads.
mind_signals() {
    trap finish EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 131' QUIT
    trap 'exit 141' PIPE
    trap 'exit 143' TERM
}

usage() {
    cat <<'TEXT'
Runs a command in the lab: an emulated machine (no virtualisation hardware needed) and Debian's kernel with the genuine
kvm_amd or kvm_intel, so that /dev/kvm has every semantic of the real one. Its timing is not a CPU's.

  lab.sh [OPTION]... -- COMMAND [ARGUMENT]...
      COMMAND is `kvmsys` (artifacts/kvmsys, or $KVMSYS_BINARY), an executable of this host, or one under a --files folder.
      Its output appears as it is written, and lab.sh exits with its status, 128+n when signal n ended it.
      It starts in a read-only folder that holds it and the --files, with /dev/null as its input; busybox is there too
      (sh -c '...'). What it leaves in $LAB_OUTPUT (/out) comes back with --output. What it leaves running is killed.

    --machine NAME      amd: QEMU, the default; intel: Bochs, which makes Intel's checks of each VM entry. Or $KVMSYS_LAB_MACHINE
    --cpu MODEL         of the machine intel: haswell, the default, skylake, lynnfield (no unrestricted guest), penryn (no EPT)
    --kvm-options WORDS options that the machine's KVM module is loaded with: "unrestricted_guest=0 ept=0"
    --files PATH        a file or folder that it needs (links are followed); repeatable
    --keep PATH         a file or folder that it finds, read-only, under the absolute path that it has here; repeatable. The
                        command then starts in the folder that has this one's path
    --input FILE        its standard input, which is read to its end first; - for lab.sh's own
    --output DIR        where to put what it left in /out
    --env NAME=VALUE    an environment variable for it (it has none of the host's); repeatable
    --timeout SECONDS   how long the machine may run: 300
    --exact, --icount   the machine's clocks count instructions, and all in it, wall clock and random numbers too, is the
                        same in every run: the same command, files, QEMU, kernel and glibc give the same output, timestamp
                        counts included. $LAB_EXACT is 1 there
    --cold              boot, do not use the snapshot
    --verbose           say what the lab does, and show the machine's console at the end

  lab.sh --setup             only make what the first run with the same options would make: kernel, initramfs, snapshot
  lab.sh --clean             remove all that (${KVMSYS_LAB_CACHE:-~/.cache/kvmsys/lab})
  lab.sh --missing           print the Debian packages that the machine lacks here
  lab.sh --help

Exit status: the command's; 124 it ran out of time; 125 the lab failed; 3 packages are missing here.

  lab.sh -- kvmsys doctor
  lab.sh --exact -- kvmsys bench --calls 100 --json
  lab.sh --files publish -- publish/Tests -noLogo
  lab.sh --machine intel --cpu lynnfield -- kvmsys bench
  lab.sh --timeout 20 --env LEVEL=2 --files guest.bin -- ./monitor guest.bin
  lab.sh --keep ~/words --input names.txt -- kvmsys run --ro ~/words ./sort
TEXT
}

# A machine is machine-NAME.sh, with CPUS, the names of its models, the first of which is the default, and these functions;
# KIND is `quick` (from a snapshot) or `cold` (boots first):
#   machine_missing         prints the Debian packages that it lacks here
#   machine_ready KIND      whether machine_start could be called now
#   machine_prepare KIND    makes what that needs, in the cache, whose lock is held
#   machine_start KIND SECONDS REQUEST
#                           starts it in the folder RUN, as the process MACHINE_PID, for so many seconds at most
#   machine_discard         the snapshot turned out to be broken
# It has CACHE, EXACT (1 or empty), CPU, LAB_FOLDER, LIBRARIES (paths), what is in image.sh, and say, note, die, child, since,
# temporary_folder. What is in RUN: payload.tar, PAYLOAD_BYTES long, which guest/init unpacks. The machine appends to stdout and
# stderr; to output.tar what is in /out, if REQUEST is `output`; to control the lines `started`, `sent FILE BYTES`,
# `exit STATUS`, or `failed WHY`; to console and machine.log what helps to explain a failure.

# ---- For the machine too ----

say() { printf 'lab: %s\n' "$*" >&2; }

note() { [ -z "$VERBOSE" ] || say "$*"; }

die() {
    say "$*"
    show_logs
    exit 125
}

since() { # START, of $EPOCHREALTIME
    local tenths=$(((${EPOCHREALTIME/./} - ${1/./}) / 100000))
    echo "$((tenths / 10)).$((tenths % 10))"
}

# A child in the background, so that a signal is served at once, and one that does not outlive a killed lab.
child() {
    setpriv --pdeathsig KILL "$@" &
    wait $!
}

# Its name is noted before it is made, for a signal may come at any time.
temporary_folder() { # VARIABLE TEMPLATE
    local folder
    mind_signals
    folder=$(mktemp -u -d "$2") || die "no folder can be made in ${2%/*}"
    TEMPORARY+=("$folder")
    mkdir -m 700 -- "$folder" 2>/dev/null || die "no folder can be made in ${2%/*}"
    printf -v "$1" %s "$folder"
}

show_logs() {
    [ -n "${RUN:-}" ] || return 0
    [ ! -s "$RUN/machine.log" ] || tail -n 5 "$RUN/machine.log" | sed 's/^/lab: machine: /' >&2
    [ ! -s "$RUN/console" ] || tail -n 60 "$RUN/console" | tr -cd '\11\12\40-\176' | sed 's/^/lab: console: /' >&2
}

missing_packages() {
    local packages
    mapfile -t packages < <(machine_missing)
    echo "${packages[*]}"
}

require_packages() {
    local missing
    missing=$(missing_packages)
    [ -z "$missing" ] || {
        say "packages are missing here: apt-get install --no-install-recommends $missing"
        exit 3
    }
}

# ---- The cache ----

# Until the lab ends, or the next call. The lock is on the folder itself: --clean may have replaced it meanwhile.
lock_cache() {
    while mkdir -p "$CACHE" 2>/dev/null && exec 9<"$CACHE"; do
        flock -n 9 || {
            say "waiting for another lab that is preparing $CACHE"
            child flock 9
        }
        [ ! "$CACHE" -ef /proc/self/fd/9 ] || return 0
    done
    die "cannot use the folder $CACHE"
}

unlock_cache() { exec 9<&-; }

prepare() { # KIND
    machine_ready "$1" && return
    lock_cache
    machine_prepare "$1"
    unlock_cache
}

# ---- The payload: `command`, a script, `kvm-options`, `files/`, where it starts, `input`, and `places/`, what is kept ----

# By a link: tar follows it, nothing is copied here.
add_file() { # PATH
    local path name
    path=$(realpath -e -- "$1" 2>/dev/null) || die "there is no $1"
    name=${1%/}
    name=${name##*/}
    case $name in '' | . | ..) name=${path##*/} ;; esac
    [ ! -e "$STAGE/files/$name" ] || [ "$STAGE/files/$name" -ef "$path" ] || die "two files have the name $name"
    ln -sfn -- "$path" "$STAGE/files/$name"
}

# Sets COMMAND to its path in the machine. `kvmsys`, then what --files brought, then this host's files, then its PATH.
add_command() { # NAME
    local path=$1
    if [ "$1" = kvmsys ]; then
        path=${KVMSYS_BINARY:-${LAB_FOLDER%/*}/artifacts/kvmsys}
        [ -e "$path" ] || die "there is no $path: build it first"
        ln -sfn -- "$(realpath "$path")" "$STAGE/files/kvmsys"
    elif [ -f "$STAGE/files/$1" ]; then
        path=$STAGE/files/$1
    else
        [ -f "$path" ] || path=$(type -P -- "$1") || die "there is no command $1"
        add_file "$path"
        set -- "${path##*/}"
    fi
    [ -x "$path" ] || die "$path is not executable"
    COMMAND=./$1
    check_libraries "$path"
}

# A library that the machine lacks is better named here than by the machine's loader.
check_libraries() { # EXECUTABLE
    local name arrow path lacking=()
    while read -r name arrow path _; do
        [ "$arrow" = '=>' ] || continue
        case " ${LIBRARIES[*]##*/} " in *" $name "*) continue ;; esac
        [ ! -e "$STAGE/files/$name" ] || continue # with LD_LIBRARY_PATH
        is_staged "$path" || lacking+=("$name")
    done < <(ldd "$1" 2>/dev/null)
    [ ${#lacking[@]} = 0 ] || die "${1##*/} needs ${lacking[*]}; the machine has only ${LIBRARIES[*]##*/}"
}

is_staged() { # PATH: of a library that the executable finds by its own place
    local path folder
    path=$(realpath -e -- "$1" 2>/dev/null) || return 1
    for folder in "$STAGE"/files/*; do
        [[ $path != "$(realpath -- "$folder")"/* ]] || return 0
    done
    return 1
}

# Sets PLACES, what is kept, each folder before what is in it. A folder's links stay links, for a program may look at them.
add_places() {
    local path name index
    local -A seen=()
    for path in "${KEPT[@]}"; do
        name=$(realpath -ms -- "$path")
        [ -e "$name" ] || die "there is no $path"
        case $name in / | /dev | /dev/* | /proc | /proc/* | /sys | /sys/*) die "--keep $path: the machine has its own" ;; esac
        seen[$name]=1
    done
    [ ${#seen[@]} -gt 0 ] || return 0
    mapfile -d '' -t PLACES < <(printf '%s\0' "${!seen[@]}" | sort -z)
    mkdir "$STAGE/places"
    for index in "${!PLACES[@]}"; do
        [ -d "${PLACES[index]}" ] || ln -s -- "$(realpath -e -- "${PLACES[index]}")" "$STAGE/places/$index"
    done
}

# In a view of its own, so that nothing of the machine's is hidden from the machine.
write_places() {
    local index
    # shellcheck disable=SC2016
    printf '[ "$1" = kept ] || exec /bin/unshare -m /bin/sh /lab/command kept\n'
    cat <<'TEXT'
# What is put into its place may hide /bin.
/bin/cp /bin/busybox /busybox
place() {
    if [ -d "/lab/places/$1" ]; then
        /busybox mkdir -p "$2"
    else
        /busybox mkdir -p "${2%/*}/"
        [ -e "$2" ] || : >"$2"
    fi && /busybox mount --bind "/lab/places/$1" "$2" && return
    echo "lab: $2 cannot be put into its place" >&2
    exit 125
}
TEXT
    for index in "${!PLACES[@]}"; do
        printf 'place %s %s\n' "$index" "$(quote "${PLACES[index]}")"
    done
    printf '/busybox mkdir -p %s && cd %s\n' "$(quote "$PWD")" "$(quote "$PWD")"
    COMMAND=/lab/files/${COMMAND#./}
}

pack() { # OPTION...: of tar, to put more into the payload
    child tar "$@" -f "$RUN/payload.tar" --format=gnu --sort=name --owner=0 --group=0 --numeric-owner 2>"$RUN/machine.log" ||
        [ $? = 1 ] || die "cannot pack all the files: $(tail -n 1 "$RUN/machine.log")" # 1: one changed meanwhile, or a link leads nowhere
}

quote() { printf "'%s' " "${1//\'/\'\\\'\'}"; }

write_command() { # [ARGUMENT]...
    local word
    [ ${#PLACES[@]} = 0 ] || write_places
    for word in PATH=/bin HOME=/root LANG=C.UTF-8 TERM=dumb \
        "LAB=$MACHINE" "LAB_CPU=$CPU" LAB_OUTPUT=/out ${EXACT:+LAB_EXACT=1} "${VARIABLES[@]}"; do
        printf 'export %s=%s\n' "${word%%=*}" "$(quote "${word#*=}")"
    done
    printf exec
    for word in "$COMMAND" "$@"; do printf ' %s' "$(quote "$word")"; done
    [ -z "$INPUT" ] || printf ' </lab/input'
    echo
}

make_payload() { # COMMAND [ARGUMENT]...
    local file index
    temporary_folder RUN "${TMPDIR:-/tmp}/kvmsys-lab.XXXXXX"
    STAGE=$RUN/stage
    mkdir -p "$STAGE/files"
    for file in "${FILES[@]}"; do add_file "$file"; done
    add_command "$1"
    shift
    add_places
    if [ -n "$INPUT" ]; then
        cat -- "$INPUT" >"$STAGE/input" || die "$INPUT cannot be read"
    fi
    write_command "$@" >"$STAGE/command"
    printf %s "$KVM_OPTIONS" >"$STAGE/kvm-options"
    pack -ch -C "$STAGE" command kvm-options files ${INPUT:+input} ${PLACES[0]:+places}
    for index in "${!PLACES[@]}"; do
        [ ! -d "${PLACES[index]}" ] || pack -r --transform "s,^\.,places/$index,rSh" -C "$(realpath -e -- "${PLACES[index]}")" .
    done
    PAYLOAD_BYTES=$(stat -c %s "$RUN/payload.tar")
}

# ---- The run ----

# Passes on what the machine writes to a file, as it comes, until the machine has ended. A file takes everything at once: a
# full pipe would hold up the machine, and an exact one must not depend on how fast its output is read.
follow() { # FILE
    setpriv --pdeathsig KILL tail -c +1 -f -s 0.02 --pid="$MACHINE_PID" "$1" &
    READERS+=($!)
}

# Sets STATUS, of the machine's process, and what it reported: STARTED, EXIT, FAILED.
run_machine() { # KIND
    local started=$EPOCHREALTIME file reader word rest
    READERS=() STATUS=0 MACHINE_STARTED=$SECONDS STARTED='' EXIT='' FAILED=''
    for file in stdout stderr output.tar control; do
        : >"$RUN/$file" || die "cannot write to $RUN"
    done
    machine_start "$1" "$TIMEOUT" "${OUTPUT:+output}" || return 0
    follow "$RUN/stdout"
    follow "$RUN/stderr" >&2
    wait "$MACHINE_PID" 2>/dev/null || STATUS=$?
    [ -e "$RUN/control" ] || die "the folder $RUN has gone: who cleans ${TMPDIR:-/tmp}?"
    while read -r word rest; do
        case $word in
        started) STARTED=1 ;;
        sent)
            [ "$(stat -c %s "$RUN/${rest% *}")" = "${rest#* }" ] || FAILED='output was lost: is the disk full?'
            ;;
        exit) EXIT=$rest ;;
        failed) FAILED=$rest ;;
        esac
    done <"$RUN/control"
    [ "$STATUS" != 153 ] || FAILED='it wrote more than the lab takes' # SIGXFSZ
    for reader in "${READERS[@]}"; do # 141: nobody reads the lab's output any more
        wait "$reader" 2>/dev/null || [ $? = 141 ] || FAILED='the output could not be passed on'
    done
    note "the machine ($MACHINE $CPU, $1) ran for $(since "$started") s"
}

run() { # COMMAND [ARGUMENT]...
    local kind=quick
    [ -z "$OUTPUT" ] || { mkdir -p -- "$OUTPUT" 2>/dev/null && [ -w "$OUTPUT" ]; } || die "cannot write to $OUTPUT"
    [ -z "$COLD" ] || kind=cold
    make_payload "$@"
    prepare "$kind"
    run_machine "$kind"
    if [ -z "$STARTED$FAILED" ] && [ "$kind" = quick ]; then
        machine_discard
        timed_out || {
            prepare quick
            run_machine quick
        }
    fi
    [ -z "$VERBOSE" ] || show_logs
    conclude
}

# timeout says 124, or 137 when it had to kill, as anyone else may have done.
timed_out() { [ "$STATUS" = 124 ] || { [ "$STATUS" = 137 ] && [ $((SECONDS - MACHINE_STARTED)) -ge "$TIMEOUT" ]; }; }

conclude() {
    [ -z "$FAILED" ] || die "the run failed: $FAILED"
    if [ -n "$EXIT" ]; then
        bring_back
        exit "$EXIT"
    fi
    timed_out || die "the machine ended without the command's status (its own: $STATUS)"
    say "timed out after $TIMEOUT s"
    show_logs
    exit 124
}

bring_back() {
    [ -n "$OUTPUT" ] && [ -s "$RUN/output.tar" ] || return 0
    child tar -xf "$RUN/output.tar" -C "$OUTPUT" --touch --no-same-owner --no-same-permissions --no-overwrite-dir ||
        die "cannot write all that /out holds to $OUTPUT"
}

# ---- The command line ----

ACTION=run MACHINE=${KVMSYS_LAB_MACHINE:-amd} CPU='' KVM_OPTIONS='' EXACT='' COLD='' VERBOSE='' INPUT='' OUTPUT='' TIMEOUT=300 FILES=() KEPT=() PLACES=() VARIABLES=()
while [ $# -gt 0 ]; do
    case $1 in
    --machine | --cpu | --kvm-options | --files | --keep | --input | --output | --timeout | --env) [ $# -ge 2 ] || die "$1 needs a value; see --help" ;;
    esac
    case $1 in
    --machine) MACHINE=$2 && shift ;;
    --cpu) CPU=$2 && shift ;;
    --kvm-options) KVM_OPTIONS=$2 && shift ;;
    --files) FILES+=("$2") && shift ;;
    --keep) KEPT+=("$2") && shift ;;
    --input) INPUT=$2 && shift ;;
    --output) OUTPUT=$2 && shift ;;
    --timeout) TIMEOUT=$2 && shift ;;
    --env) VARIABLES+=("$2") && shift ;;
    --exact | --icount) EXACT=1 ;;
    --cold) COLD=1 ;;
    --verbose) VERBOSE=1 ;;
    --setup | --clean | --missing | --help) ACTION=${1#--} ;;
    --) shift && break ;;
    -*) die "unknown option $1; see --help" ;;
    *) break ;;
    esac
    shift
done
[[ $TIMEOUT =~ ^[1-9][0-9]{0,6}$ ]] || die "--timeout $TIMEOUT: not a number of seconds"
for variable in "${VARIABLES[@]}"; do
    [[ $variable =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || die "--env $variable: not NAME=VALUE"
done

USER_CACHE=${XDG_CACHE_HOME:-~/.cache}
CACHE=$(realpath -m -- "${KVMSYS_LAB_CACHE:-$USER_CACHE/kvmsys/lab}")
LAB_FOLDER=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# Of this host, for the machine: enough for NativeAOT and for a self-contained .NET.
LIBRARIES=()
for library in ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1 \
    libgcc_s.so.1 libstdc++.so.6 libz.so.1; do
    for folder in /lib64 /lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu; do
        [ ! -e "$folder/$library" ] || { LIBRARIES+=("$folder/$library") && break; }
    done
done
case $MACHINE in amd | intel) ;; *) die "--machine $MACHINE: amd or intel is needed" ;; esac
# shellcheck source-path=SCRIPTDIR source=image.sh
. "$LAB_FOLDER/image.sh"
# shellcheck source-path=SCRIPTDIR source=machine-amd.sh
. "$LAB_FOLDER/machine-$MACHINE.sh"
CPU=${CPU:-${CPUS[0]}}
[[ " ${CPUS[*]} " == *" $CPU "* ]] || die "--cpu $CPU: the machine $MACHINE has ${CPUS[*]}"
[[ $KVM_OPTIONS =~ ^[a-z0-9_=\ ]*$ ]] || die "--kvm-options $KVM_OPTIONS: not NAME=VALUE words"

case $ACTION in
help) usage ;;
missing) missing_packages ;;
clean)
    [ ! -e "$CACHE" ] || { lock_cache && rm -rf "$CACHE"; }
    ;;
setup)
    started=$EPOCHREALTIME
    require_packages
    prepare quick
    say "ready, after $(since "$started") s: $CACHE"
    ;;
run)
    [ $# -gt 0 ] || die 'no command; see --help'
    require_packages
    run "$@"
    ;;
esac
