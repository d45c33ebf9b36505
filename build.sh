#!/bin/bash
# build.sh: the one door to this repository. It sets up what is missing, builds, runs, tests and measures.
set -euo pipefail
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# By its own place, also through a link: `clean` must find this checkout and no other folder.
CALLER=$PWD
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDTERMINALLOGGER=off
ROOT=$PWD
ARTIFACTS=$PWD/artifacts
BINARY=$ARTIFACTS/kvmsys
LOGS=$ARTIFACTS/logs

usage() {
    cat <<'TEXT'
./build.sh VERB

  run [COMMAND...]       set up, build, and do the main job: kvmsys bench, or the kvmsys command given. It runs on this
                         host's KVM when that can run the guest, else in the lab (an emulated machine with a genuine KVM),
                         into which the files go that the command names
  test [TIER...]         build, and run the tests; all tiers, or those named: no-device any-kvm i386-guest lab
                         programs
  build                  build artifacts/kvmsys (NativeAOT)
  lab [OPTION...] -- COMMAND...
                         run a command in the lab; ./build.sh lab --help tells the options
  bench                  measure kvmsys itself: start-up, size, the daemon (with 100,000 results too), KVM_RUN and set-up in C# against C
  scale [--json] [HOSTS...]
                         simulate farms of so many hosts against a real NATS server and controller, and tell what they cost
  format                 put the sources into shape
  clean [--all]          remove what was built; with --all the lab's cache too
  help                   this

Examples:
  ./build.sh run
  ./build.sh run article
  ./build.sh run bench --mechanism int80 vsyscall --show-emulated
  ./build.sh run page disasm
  ./build.sh run run --fixmap hello=hello.txt ./article-hello
  ./build.sh test no-device
  ./build.sh lab -- kvmsys doctor
TEXT
}

say() { printf '== %s\n' "$*" >&2; }

fail() { # STATUS MESSAGE
    printf 'build.sh: %s\n' "$2" >&2
    exit "$1"
}

# Runs a command that talks much: says what it is for and how long it took, and shows its words only when it fails.
step() { # NAME COMMAND...
    local name=$1 log start=$SECONDS
    shift
    log=$LOGS/${name//[^[:alnum:]]/-}.log
    mkdir -p "$LOGS"
    say "$name"
    if ! "$@" >"$log" 2>&1 </dev/null; then
        grep -E 'error|Error' "$log" | sort -u | head -n 20 >&2 || tail -n 20 "$log" >&2
        fail 1 "$name failed; all of it is in ${log#"$PWD/"}"
    fi
    say "$name: $((SECONDS - start)) s"
}

# ---- What this machine must have ----

# Installs Debian packages where that is possible, else says how to.
install_packages() { # PACKAGE...
    local command="apt-get install --yes --no-install-recommends $*"
    if [ "$(id -u)" != 0 ] || ! type -P apt-get >/dev/null; then
        fail 3 "missing here: $*. Install them: sudo $command"
    fi
    export DEBIAN_FRONTEND=noninteractive
    [ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit 2>/dev/null)" ] || step "package lists" apt-get update
    # Lists that are older than the archive name files that are gone: then fetch them anew.
    # shellcheck disable=SC2086
    if ! (step "install $*" $command); then
        step "package lists" apt-get update
        # shellcheck disable=SC2086
        step "install $*" $command
    fi
}

need_compiler() {
    if type -P gcc >/dev/null && [ -e /usr/include/linux/kvm.h ]; then
        return
    fi
    install_packages gcc libc6-dev
}

# For programs that the guest runs: i386's glibc, static too. gcc names a library's file by its path only where it has one.
need_i386_compiler() {
    need_compiler
    if [ -e "$(gcc -m32 -print-file-name=libc.a)" ] && [ -e "$(gcc -m32 -print-file-name=libgcc.a)" ]; then
        return
    fi
    install_packages gcc-multilib libc6-dev-i386
}

need_dotnet() {
    local major=10
    if type -P dotnet >/dev/null && dotnet --list-sdks | grep -q "^$major\."; then
        return
    fi
    if type -P apt-cache >/dev/null && [ -n "$(apt-cache search "^dotnet-sdk-$major.0\$")" ]; then
        install_packages "dotnet-sdk-$major.0"
    else
        fail 3 "the .NET $major SDK is missing here, and this distribution has no package dotnet-sdk-$major.0.
Install it from Microsoft's package feed (search for \"install .NET on Linux\") or with its dotnet-install.sh --channel $major.0,
and make sure that dotnet is on the PATH."
    fi
}

# The programs by which the tests have the vsyscall page judged, and the gdb that debugs a program in the lab.
need_tools() {
    local tool missing=()
    for tool in readelf:binutils eu-elflint:elfutils file:file gdb:gdb; do
        type -P "${tool%:*}" >/dev/null || missing+=("${tool#*:}")
    done
    [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
}

# A server's program out of Debian's package, whose installation would start the server: promtool, by which the tests have the daemon's metrics,
# dashboard and alerts judged, and the NATS server of the farm's tests.
need_program() { # PROGRAM PACKAGE PATH
    local folder=$ARTIFACTS/$1
    if type -P "$1" >/dev/null || [ -x "$folder$3" ]; then
        return
    fi
    type -P apt-get >/dev/null || fail 3 "$1 is missing here. Install it (Debian's package $2), and make sure that $1 is on the PATH."
    [ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit 2>/dev/null)" ] || step "package lists" apt-get update
    rm -rf "$folder"
    mkdir -p "$folder"
    if ! (step "fetch $2" download "$2" "$folder"); then
        step "package lists" apt-get update
        step "fetch $2" download "$2" "$folder"
    fi
    step "unpack $1" unpack "$folder/$2"_*.deb "$folder" ".$3"
}

download() { # PACKAGE FOLDER
    (cd "$2" && apt-get download "$1")
}

unpack() { # PACKAGE-FILE FOLDER PATH
    dpkg-deb --fsys-tarfile "$1" | tar --extract --directory "$2" --file - "$3" && rm "$1"
}

# The browser in which the tests open the pages of bench --html. Its fonts are only recommended by its package.
need_browser() {
    if [ -x /usr/bin/chromium ] && [ -n "$(fc-list 2>/dev/null)" ]; then
        return
    fi
    install_packages chromium fontconfig fonts-dejavu-core
}

# The server in which the tests have a farm's ledger. Its package would start one for everybody, which nobody here has asked for.
need_postgres() {
    local configuration=/etc/postgresql-common/createcluster.conf
    if type -P initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
        return
    fi
    if [ ! -e "$configuration" ] && [ "$(id -u)" = 0 ]; then
        mkdir -p "${configuration%/*}"
        echo 'create_main_cluster = false' >"$configuration"
    fi
    UCF_FORCE_CONFFOLD=1 install_packages postgresql
}

need_lab() { # MACHINE...
    local missing
    missing=$(for machine; do lab/lab.sh --machine "$machine" --missing; done | xargs -n 1 | sort -u | xargs)
    # shellcheck disable=SC2086
    [ -z "$missing" ] || install_packages $missing
}

# ---- Building ----

# Whether nothing that goes into the binary has changed since it was built.
is_current() { # TARGET SOURCE...
    [ -e "$1" ] && [ -z "$(find "${@:2}" Directory.Build.props Directory.Packages.props global.json .editorconfig \
        \( -name bin -o -name obj \) -prune -o -type f -newer "$1" -print -quit)" ]
}

build() {
    if is_current "$BINARY" src; then
        return
    fi
    # One build at a time in a checkout.
    mkdir -p "$ARTIFACTS"
    exec 8>"$ARTIFACTS/lock"
    flock 8
    if is_current "$BINARY" src; then
        exec 8>&-
        return
    fi
    need_compiler
    need_dotnet
    step "build artifacts/kvmsys" publish src/Monitor "$ARTIFACTS/publish"
    ln -f "$ARTIFACTS/publish/kvmsys" "$BINARY"
    touch "$BINARY"
    exec 8>&-
}

publish() { # PROJECT FOLDER OPTION...
    dotnet publish "$1" --configuration Release --output "$2" "${@:3}"
}

# ---- Verbs ----

no_arguments() { # VERB [ARGUMENT]...
    [ $# = 1 ] || fail 2 "$1 takes no $2; see ./build.sh help"
}

verb_run() {
    build
    local everything=$#
    [ $# -gt 0 ] || set -- bench
    cd "$CALLER"
    split_words "$@"
    # What does not need the guest is about this host, and costs no lab; nor does what kvmsys will refuse.
    case " ${OWN[*]} " in
        " doctor "* | *" --help "* | *" -h "* | *" --version "*) exec "$BINARY" "$@" ;;
    esac
    case $1 in
        bench | latency) ! is_of_host "$@" || exec "$BINARY" "$@" ;;
        article | page) ;;
        run | trace) [ -n "$PROGRAM" ] || exec "$BINARY" "$@" ;;
        *) exec "$BINARY" "$@" ;;
    esac
    local doctor status=0
    doctor=$("$BINARY" doctor --json 2>&1) || status=$?
    if [ "$status" = 0 ]; then
        say "running on this host's KVM: kvmsys doctor says that it runs the guest"
        exec "$BINARY" "$@"
    fi
    LAB_OPTIONS=()
    case $1 in
        run | trace) take_along "$@" ;;
        bench) refuse_files "$@" ;;
        page)
            redirect_output "$@"
            set -- "${OWN[@]}"
            # The lab's output is never a terminal, ours may be.
            [[ ! -t 1 || " $* " != *" dump "* || " $* " == *" --hex "* ]] || exec "$BINARY" "$@"
            ;;
    esac
    (cd "$ROOT" && need_lab amd)
    if [ "$everything" = 0 ]; then
        say "first this host's own Linux, which needs no KVM"
        "$BINARY" bench --on host || [ $? != 130 ] || exit 130
    fi
    say "running in the lab, whose figures are not a CPU's: kvmsys doctor says that $(obstacle "$status" "$doctor")"
    exec "$ROOT/lab/lab.sh" "${LAB_OPTIONS[@]}" -- kvmsys "$@"
}

# Whether what is to be measured is this host's own Linux alone, which needs no KVM.
is_of_host() { # WORD...
    [[ " $* " =~ [\ =:]host(32|64)?\  && ! " $* " =~ [\ =:](kvm|bare|linux26|bare64|compat|fred64)\  ]]
}

# Sets OWN, the words that are kvmsys's, and PROGRAM, the guest's program: the first ELF file, for no option takes one as its value. What
# comes behind it is the program's.
split_words() { # WORD...
    local word
    OWN=() PROGRAM=
    for word; do
        if [ -f "$word" ] && [ "$(head -c 4 -- "$word" | od -An -tx1)" = " 7f 45 4c 46" ]; then
            PROGRAM=$word
            return
        fi
        OWN+=("$word")
    done
}

# Sets LAB_OPTIONS so that the files that the words name are in the lab too, under the same paths, and what the environment lends.
take_along() { # WORD...
    local word option='' value paths=("$PROGRAM")
    for word in "${OWN[@]}"; do
        value=$word
        case $word in
            --ro[=:]* | --fixmap[=:]* | --env[=:]* | -e[=:]*)
                option=${word%%[=:]*}
                value=${word#*[=:]}
                ;;
        esac
        case $option in
            --ro) paths+=("$value") ;;
            --fixmap) paths+=("${value#*=}") ;;
            --env | -e)
                [[ ! $value =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || [ -z "${!value+set}" ] || LAB_OPTIONS+=(--env "$value=${!value}")
                ;;
        esac
        option=$word
    done
    for word in "${paths[@]}"; do
        [ -e "$word" ] || exec "$BINARY" "$@" # which says so
        LAB_OPTIONS+=(--keep "$word")
    done
    # As long as it likes, unless kvmsys is told otherwise.
    LAB_OPTIONS+=(--timeout 86400)
    take_input
}

# The lab's machine cannot read what is here while it runs, so standard input goes in as a file. A pipe that nobody writes to would have
# no end.
take_input() {
    local tenths
    [ ! /dev/stdin -ef /dev/null ] || return 0
    if [ -p /dev/stdin ]; then
        for ((tenths = 0; tenths < 20; tenths++)); do
            ! read -r -t 0 || break
            sleep 0.1
        done
        if [ "$tenths" -lt 20 ]; then
            say "reading standard input to its end: the lab gets it as a file"
            LAB_OPTIONS+=(--input -)
            return
        fi
    elif [ -f /dev/stdin ]; then
        LAB_OPTIONS+=(--input -)
        return
    fi
    say "the lab gives the program /dev/null as its standard input"
}

# What `page dump` would write to a file is on the lab's standard output: sets OWN to the words without the file.
redirect_output() { # WORD...
    local file=''
    OWN=()
    while [ $# -gt 0 ]; do
        case $1 in
            --output | -o) file=${2:-} && shift $(($# > 1)) ;;
            --output[=:]* | -o[=:]*) file=${1#*[=:]} ;;
            *) OWN+=("$1") ;;
        esac
        shift
    done
    if [ -n "$file" ]; then
        exec >"$file" || fail 74 "$file cannot be written"
    fi
}

# What --html and --svg write to a file would be lost with the lab's machine; standard output is not.
refuse_files() { # WORD...
    local word previous='' option=''
    for word; do
        case $word in
            -) ;;
            --html[=:]* | --svg[=:]*) [ "${word#*[=:]}" = - ] || option=${word%%[=:]*} ;;
            *) case $previous in --html | --svg) option=$previous ;; esac ;;
        esac
        previous=$word
    done
    [ -z "$option" ] || fail 2 "this host's KVM does not run the guest, and the lab keeps no file that bench writes. Cure: $option - > FILE"
}

# Why this host's KVM will not do: the last check that failed. Those of the tuning, further down, keep no guest from running.
obstacle() { # STATUS DOCTOR
    if [ "$1" = 3 ]; then
        echo "there is no usable /dev/kvm here"
    else
        printf '%s' "$2" | awk -F'"' '
            /"kvmModule"/ { module = $4 }
            /"checks": \[/ { check = 1 }
            /"tuning": \[/ { check = 0 }
            /"name"/ { name = $4 }
            check && /"passed": false/ { failed = name }
            END { printf "this KVM (%s) fails at: %s\n", module, failed }'
    fi
}

verb_build() {
    no_arguments build "$@"
    build
    say "artifacts/kvmsys: $("$BINARY" --version), $(($(stat -c %s "$BINARY") / 1024)) KiB"
}

verb_lab() {
    case ${1:-} in
        --help | --missing | --clean) ;;
        *)
            build
            need_lab "$(machine_of "$@")"
            ;;
    esac
    exec lab/lab.sh "$@"
}

# The machine that the lab's options name.
machine_of() { # OPTION... -- COMMAND...
    local machine=amd
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        [ "$1" != --machine ] || machine=${2:-}
        shift
    done
    echo "$machine"
}

verb_bench() {
    no_arguments bench "$@"
    build
    step "build the benchmarks" publish tests/Benchmarks "$ARTIFACTS/benchmarks"
    exec "$ARTIFACTS/benchmarks/Kvmsys.Benchmarks" "$BINARY"
}

verb_scale() {
    build
    need_program nats-server nats-server /usr/sbin/nats-server
    step "build the simulation" dotnet build tests/Scale --configuration Release
    # A host is a connection: as many files as may be.
    ulimit -Sn "$(ulimit -Hn)"
    exec tests/Scale/bin/Release/net10.0/linux-x64/Kvmsys.Scale "$@"
}

verb_format() {
    no_arguments format "$@"
    need_dotnet
    step "format" dotnet format
}

verb_clean() {
    [ "$*" = --all ] || no_arguments clean "$@"
    rm -rf "$ARTIFACTS"
    find src tests \( -name bin -o -name obj \) -type d -prune -exec rm -rf {} +
    if [ "${1:-}" = --all ]; then
        lab/lab.sh --clean
    fi
}

verb_test() {
    exec tests/run.sh "$@"
}

# ---- ----

# tests/run.sh uses the functions above.
[ "${BASH_SOURCE[0]}" = "$0" ] || return 0

verb=${1:-help}
[ $# = 0 ] || shift
case " ${*:-} " in
    *" --help "*) case $verb in build | test | bench | scale | format | clean) verb=help ;; esac ;;
esac
case $verb in
    run | test | build | lab | bench | scale | format | clean) "verb_$verb" "$@" ;;
    help | -h | --help) usage ;;
    *) fail 2 "there is no verb $verb; see ./build.sh help" ;;
esac
