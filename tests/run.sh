#!/bin/bash
# run.sh: runs the tests, tier by tier, and ends with one line of counts. Called by ./build.sh test.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=../build.sh
. "$(dirname "${BASH_SOURCE[0]}")/../build.sh"

TIERS=(no-device any-kvm i386-guest lab programs)
MACHINES=(amd intel)
INTEL_CPUS=(haswell skylake lynnfield penryn)
# kvm_intel then enters only what VT-x enters without unrestricted guest, and emulates nothing in its place.
STRICT="unrestricted_guest=0 emulate_invalid_guest_state=0"
FUZZER=tests/Fuzz/bin/Release/net10.0/linux-x64/Kvmsys.Fuzz
FUZZ_SECONDS=10
[ "${CI:-}" != true ] || FUZZ_SECONDS=30
PASSED=0 FAILED=0 SKIPPED=0 NO_INTEL=
SKIPS=()

# A test project as a folder that runs anywhere: the lab has no .NET. Its code is compiled beforehand, for the lab is slow.
publish_for_lab() { # PROJECT
    publish "tests/$1" "$ARTIFACTS/tests/$1" --self-contained -p:PublishReadyToRun=true
    # The runner hashes by way of OpenSSL, which .NET finds by name and the lab does not have.
    ldconfig -p | awk '/lib(ssl|crypto)\.so\.[0-9]/ && /x86-64/ { print $NF }' | xargs cp -L -t "$ARTIFACTS/tests/$1"
}

# Runs a tier's tests with this command, shows what failed, and adds up the runner's counts. No counts is a failure.
tier() { # NAME COMMAND...
    local name=$1 log start=$SECONDS status=0 summary
    shift
    log=$LOGS/test-${name//[^[:alnum:]]/-}.log
    say "test $name"
    "$@" -noColor -noLogo >"$log" 2>&1 </dev/null || status=$?
    sed -n '/\[FAIL\]/,/^    [^ ]/p' "$log" >&2
    summary=$(grep -oE 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+' "$log" | tail -n 1)
    if [ -z "$summary" ]; then
        tail -n 20 "$log" >&2
        say "test $name: did not come to its end (status $status)"
        FAILED=$((FAILED + 1))
        return
    fi
    local total errors failed skipped
    read -r total errors failed skipped < <(tr -cs '0-9\n' ' ' <<<"$summary")
    failed=$((failed + errors))
    # A run that ends badly with every count good has lost something.
    [ "$status" = 0 ] || [ "$failed" -gt 0 ] || failed=1
    PASSED=$((PASSED + total - failed - skipped))
    FAILED=$((FAILED + failed))
    SKIPPED=$((SKIPPED + skipped))
    mapfile -t -O "${#SKIPS[@]}" SKIPS < <(awk -v tier="$name" '
        / \[SKIP\]$/ { test = $1; sub(/.*\.Tests\./, "", test); getline; sub(/^ +/, ""); print "  " tier ": " test ": " $0 }' "$log")
    say "test $name: $((total - failed - skipped)) passed, $failed failed, $skipped skipped, $((SECONDS - start)) s"
}

# Fuzzes a target for a bounded time, which is one test. What breaks it is kept, and told with how to run it again.
fuzz() { # TARGET
    local log=$LOGS/test-fuzz-$1.log start=$SECONDS status=0 last=$ARTIFACTS/fuzz/$1/last-input
    say "test fuzz $1"
    "$FUZZER" "$1" --seconds "$FUZZ_SECONDS" >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" = 0 ]; then
        PASSED=$((PASSED + 1))
        say "test fuzz $1: 1 passed: $(tail -n 1 "$log"), $((SECONDS - start)) s"
        return
    fi
    FAILED=$((FAILED + 1))
    tail -n 20 "$log" >&2
    # It is there only when the process died over it.
    [ ! -e "$last" ] || say "test fuzz $1: the last input is ${last#"$PWD/"}. Again: $FUZZER $1 ${last#"$PWD/"}"
    say "test fuzz $1: 1 failed (status $status), $((SECONDS - start)) s"
}

# A machine that cannot be had here is no failure of the code. It is told, and continuous integration does not put up with it.
skip() { # NAME REASON
    say "test $1: skipped, $2"
    SKIPPED=$((SKIPPED + 1))
    SKIPS+=("  $1: all of it: $2")
    [ "${CI:-}" != true ] || FAILED=$((FAILED + 1))
}

lab_tier() { # NAME MACHINE COMMAND...
    if [ "$2" = intel ] && [ -n "$NO_INTEL" ]; then
        skip "$1" "$NO_INTEL"
    else
        tier "$1" "${@:3}"
    fi
}

# Sets NO_INTEL, why there is no such machine here.
prepare_intel() {
    local cpu log=$LOGS/prepare-the-lab-intel.log start=$SECONDS
    say "prepare the lab intel (at most 5 min the first time)"
    for cpu in "${INTEL_CPUS[@]}"; do
        lab/lab.sh --machine intel --cpu "$cpu" --setup >"$log" 2>&1 </dev/null || {
            NO_INTEL=$(tail -n 1 "$log")
            break
        }
    done
    say "prepare the lab intel: $((SECONDS - start)) s"
}

in_lab() { # LAB-OPTION... -- PROJECT OPTION...
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    local project=$2
    shift 2
    lab/lab.sh "${options[@]}" --timeout 900 --files "$ARTIFACTS/tests/$project" --env LD_LIBRARY_PATH="$project" \
        -- "$project/Kvmsys.$project.Tests" "$@"
}

built() { echo "tests/$1/bin/Release/net10.0/linux-x64/Kvmsys.$1.Tests"; } # PROJECT

host_runs_guest() { "$BINARY" doctor >/dev/null 2>&1; }

# ---- The tiers ----

tier_no-device() {
    local targets target
    tier "no-device" "$(built NoDevice)"
    targets=$("$FUZZER" --list)
    for target in $targets; do
        fuzz "$target"
    done
}

tier_any-kvm() {
    if [[ $("$BINARY" doctor --json 2>/dev/null) == *'"usableDevice": true'* ]]; then
        tier "any-kvm, this host" "$(built AnyKvm)"
    else
        say "test any-kvm, this host: not run, there is no usable /dev/kvm here; the lab has one"
    fi
    for machine in "${MACHINES[@]}"; do
        lab_tier "any-kvm, lab $machine" "$machine" in_lab --machine "$machine" -- AnyKvm
    done
}

tier_i386-guest() {
    if host_runs_guest; then
        tier "i386-guest, this host" "$(built I386Guest)" -trait- Lab=Exact -trait- Lab=Strict
    else
        say "test i386-guest, this host: not run, its KVM does not run the guest; the lab's does"
    fi
    for machine in "${MACHINES[@]}"; do
        lab_tier "i386-guest, lab $machine" "$machine" in_lab --machine "$machine" -- I386Guest -trait- Lab=Exact -trait- Lab=Strict
        lab_tier "i386-guest, exact lab $machine" "$machine" in_lab --machine "$machine" --exact -- I386Guest -trait Lab=Exact
    done
    for cpu in "${INTEL_CPUS[@]}"; do
        strict_tier "$cpu" "$STRICT"
    done
    strict_tier haswell "$STRICT ept=0"
}

strict_tier() { # CPU KVM-OPTIONS
    lab_tier "i386-guest, strict lab intel $1, $2" intel \
        in_lab --machine intel --cpu "$1" --kvm-options "$2" -- I386Guest -trait Lab=Strict
}

tier_lab() {
    for machine in "${MACHINES[@]}"; do
        lab_tier "lab $machine" "$machine" env KVMSYS_LAB_MACHINE="$machine" "$(built Lab)"
    done
}

tier_programs() {
    if host_runs_guest; then
        tier "programs, this host" env KVMSYS_LAB_MACHINE=host "$(built Programs)"
    else
        say "test programs, this host: not run, its KVM does not run the guest; the lab's does"
    fi
    for machine in "${MACHINES[@]}"; do
        lab_tier "programs, lab $machine" "$machine" env KVMSYS_LAB_MACHINE="$machine" "$(built Programs)"
    done
}

# ---- ----

[ $# -gt 0 ] || set -- "${TIERS[@]}"
for name in "$@"; do
    [[ " ${TIERS[*]} " == *" $name "* ]] || fail 2 "there is no tier $name; the tiers are: ${TIERS[*]}"
done

started=$SECONDS
mkdir -p "$LOGS"
build
step "build the tests" dotnet build Kvmsys.sln --configuration Release
# Compiled ahead of time, as nothing else here is but kvmsys itself: what a library warns of is seen only then.
[ "${CI:-}" != true ] || step "build the benchmarks" publish tests/Benchmarks "$ARTIFACTS/benchmarks"
step "check the format" dotnet format --verify-no-changes --no-restore
if [[ " $* " == *" no-device "* || " $* " == *" lab "* ]]; then
    need_tools
    need_i386_compiler
fi
if [[ " $* " == *" no-device "* ]]; then
    need_browser
    need_program promtool prometheus /usr/bin/promtool
    need_program nats-server nats-server /usr/sbin/nats-server
    need_postgres
fi
if [[ " $* " == *" programs "* ]]; then
    need_i386_compiler
    step "build the programs" tests/Programs/build.sh "$ARTIFACTS/programs"
fi
if [ "$*" != no-device ]; then
    need_lab "${MACHINES[@]}"
    for project in AnyKvm I386Guest; do
        step "publish the $project tests for the lab" publish_for_lab "$project"
    done
    step "prepare the lab amd" lab/lab.sh --setup
    step "prepare the exact lab amd" lab/lab.sh --setup --exact
    prepare_intel
fi

for name in "$@"; do
    "tier_$name"
done

say "all of it: $((SECONDS - started)) s"
if [ "$SKIPPED" -gt 0 ]; then
    echo "skipped:"
    printf '%s\n' "${SKIPS[@]}"
fi
echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
[ "$FAILED" = 0 ]
