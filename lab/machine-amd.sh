#!/bin/bash
# machine-amd.sh: the machine `amd` of lab.sh: QEMU emulates a CPU with SVM; a stock Debian kernel in it runs the genuine kvm_amd.
#
# Its functions are those that lab.sh says a machine has. It gives its memory the command's files, has ports for its output, and is
# told what to do by way of its firmware's configuration.

# shellcheck disable=SC2034
readonly CPUS=(epyc)
readonly QEMU=qemu-system-x86_64
readonly MEMORY=1G
readonly PAYLOAD_MEBIBYTES=512           # of address space; the file behind it is sparse
readonly OUTPUT_MEBIBYTES=4096           # of each stream: it goes through a file
readonly EXACT_START=2026-01-01T00:00:00 # the wall clock when an exact machine is switched on
readonly BOOT_SECONDS=300                # far more than a boot takes: about 5, exact 15
# kvm_amd; the ports to the host; the run's parameters; the payload's memory.
readonly PROGRAMS=() MODULES=(ccp irqbypass kvm kvm-amd
    virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_console
    qemu_fw_cfg libnvdimm nd_btt nd_pmem nfit)

machine_missing() {
    command -v "$QEMU" >/dev/null || echo qemu-system-x86
    command -v xz >/dev/null || echo xz-utils
}

machine_ready() {
    has_kernel || return 1
    find_names
    [ -e "$IMAGE/initramfs" ] || return 1
    [ "$1" = cold ] || snapshot_is_sound
}

machine_prepare() {
    rm -rf "$CACHE"/new.* # what a killed lab left
    has_kernel || fetch_kernel
    find_names
    [ -e "$IMAGE/initramfs" ] || make_initramfs
    [ "$1" = cold ] || snapshot_is_sound || make_snapshot
}

machine_start() {
    local kind=$1 seconds=$2 request=$3 epoch=keep entropy=keep
    [ "$PAYLOAD_BYTES" -le $((PAYLOAD_MEBIBYTES << 20)) ] ||
        die "the files are $((PAYLOAD_BYTES >> 20)) MiB together; the machine takes $PAYLOAD_MEBIBYTES MiB"
    if [ -z "$EXACT" ]; then
        epoch=$(((${EPOCHREALTIME/[.,]/} + 800000) / 1000000)) # the nearest second when the machine has come to read it
        [ "$kind" = cold ] || entropy=new
    fi
    note "the command and its files: $((PAYLOAD_BYTES >> 10)) KiB; the machine: $SNAPSHOT"
    PARAMETERS="run $epoch $PAYLOAD_BYTES $entropy $request"
    truncate -s "${PAYLOAD_MEBIBYTES}M" "$RUN/payload.tar"
    if [ "$kind" = cold ]; then
        : >"$RUN/monitor"
        launch "$seconds" "$RAM_ANEW"
    else
        echo "$LOAD" >"$RUN/monitor"
        # By way of the folder's descriptor: both of one snapshot, even if another lab replaces it now.
        { launch "$seconds" "$RAM_OF_SNAPSHOT" -incoming defer -monitor stdio; } \
            2>/dev/null 6<"$SNAPSHOT" 7</proc/self/fd/6/ram 8</proc/self/fd/6/state
    fi
}

machine_discard() { discard_snapshot; }

# ---- QEMU ----

# A snapshot is the file that was the machine's memory, and QEMU's own state. `share=on` writes the memory to that file and
# x-ignore-shared leaves it out of the state; a run maps the file copy-on-write, and reads of it only what it comes to need.
readonly RAM_ANEW="memory-backend-ram,id=ram,size=$MEMORY"
readonly RAM_TO_SAVE="memory-backend-file,id=ram,size=$MEMORY,mem-path=ram,share=on"
readonly RAM_OF_SNAPSHOT="memory-backend-file,id=ram,size=$MEMORY,mem-path=/proc/self/fd/7,share=off"
readonly SAVE=$'migrate_set_capability x-ignore-shared on\nmigrate "exec:cat >state"\ninfo migrate\nquit'
readonly LOAD=$'migrate_set_capability x-ignore-shared on\nmigrate_incoming fd:8\ncont\ncont'

# Sets COMMON, what a snapshot and its runs have in common. The command's files come as memory, its output goes to ports that
# QEMU serves before the CPU's next instruction (ioeventfd=off). 9p or a disk would answer from a thread, some time later:
# without them, an exact run repeats instruction by instruction.
common_arguments() {
    local port
    # shellcheck disable=SC2054
    COMMON=(-machine "q35,nvdimm=on,memory-backend=ram" -cpu "EPYC,+svm,+npt,check=off" -smp 1 -m "$MEMORY,slots=1,maxmem=4G"
        -nodefaults -no-user-config -display none -nic none -no-reboot
        -device "isa-debug-exit,iobase=0xf4,iosize=4" -device pvpanic -action panic=pause
        -kernel vmlinux -initrd initramfs -append "console=ttyS0 quiet panic=-1 tsc=reliable" -serial file:console
        -object "memory-backend-file,id=payload,size=${PAYLOAD_MEBIBYTES}M,mem-path=payload.tar,share=on"
        -device nvdimm,memdev=payload
        -device "virtio-serial-pci,ioeventfd=off")
    for port in stdout stderr output.tar control; do
        COMMON+=(-chardev "file,id=$port,path=$port" -device "virtserialport,chardev=$port,name=$port")
    done
    if [ -n "$EXACT" ]; then
        COMMON+=(-accel "tcg,thread=single" -icount "shift=0,sleep=off" -seed 1 -rtc "base=$EXACT_START,clock=vm")
    else
        COMMON+=(-accel "tcg,thread=multi" -device "vmgenid,guid=auto")
    fi
}

launch() { # SECONDS RAM [ARGUMENT...], in RUN, with PARAMETERS
    local seconds=$1 ram=$2 parameters
    shift 2
    printf -v parameters '%-80s' "$PARAMETERS" # of one length always: the machine knows it since it booted
    ln -sf "$KERNEL/vmlinux" "$IMAGE/initramfs" "$RUN/"
    (
        cd "$RUN" || exit
        ulimit -S -c 0 -f $((OUTPUT_MEBIBYTES << 10)) 2>/dev/null || :
        exec setpriv --pdeathsig KILL timeout -k 2 "$seconds" setpriv --pdeathsig KILL \
            "$QEMU" "${COMMON[@]}" -object "$ram" -fw_cfg "name=opt/kvmsys/run,string=$parameters" "$@" \
            <monitor >monitor.log 2>machine.log 9>&-
    ) &
    MACHINE_PID=$!
}

# ---- The snapshot, one for each mode, in its initramfs's folder ----

# Sets IMAGE and SNAPSHOT, whose names are digests of all that they depend on.
find_names() {
    local mode=normal
    find_image
    common_arguments
    [ -z "$EXACT" ] || mode=exact
    SNAPSHOT="$IMAGE/$mode-$(digest snapshot_inputs)"
}

snapshot_inputs() {
    "$QEMU" --version
    echo "${COMMON[@]}" "$RAM_TO_SAVE"
}

make_snapshot() {
    local started=$EPOCHREALTIME RUN PARAMETERS=stop status=0 why=''
    [ ! -e "$SNAPSHOT" ] || why='it is broken; '
    say "the snapshot${EXACT:+ for exact runs}: ${why}booting to make it"
    temporary_folder RUN "$CACHE/new.XXXXXX"
    truncate -s "${PAYLOAD_MEBIBYTES}M" "$RUN/payload.tar"
    mkfifo "$RUN/monitor"
    exec 7<>"$RUN/monitor"
    launch "$BOOT_SECONDS" "$RAM_TO_SAVE" -monitor stdio
    until grep -qs 'paused (guest-panicked)' "$RUN/monitor.log"; do # as init makes it look
        kill -0 "$MACHINE_PID" 2>/dev/null || die 'the machine does not boot'
        [ -e "$RUN/monitor.log" ] || die "the cache $CACHE has gone meanwhile"
        echo 'info status' >&7
        sleep 0.05
    done
    echo "$SAVE" >&7
    wait "$MACHINE_PID" || status=$?
    exec 7>&-
    { [ "$status" = 0 ] && grep -q 'Migration status: completed' "$RUN/monitor.log"; } ||
        die "QEMU did not save the snapshot (status $status)"
    mkdir "$RUN/snapshot"
    mv "$RUN/ram" "$RUN/state" "$RUN/snapshot/"
    keep_snapshot "$RUN/snapshot"
    rm -rf "$RUN"
    say "the snapshot: made in $(since "$started") s"
}
