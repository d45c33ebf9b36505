#!/bin/bash
# machine-amd.sh: the machine `amd` of lab.sh: QEMU emulates a CPU with SVM; a stock Debian kernel in it runs the genuine kvm_amd.
#
# lab.sh gives CACHE, EXACT (1 or empty), LAB_FOLDER, LIBRARIES (paths), and say, note, die, child, since, temporary_folder.
# A machine is MACHINE, its name, and these functions; KIND is `quick` (from a snapshot) or `cold` (boots first):
#   machine_missing         prints the Debian packages that it lacks here
#   machine_ready KIND      whether machine_start could be called now
#   machine_prepare KIND    makes what that needs, in the cache, whose lock lab.sh holds
#   machine_start KIND SECONDS REQUEST
#                           starts it in the folder RUN, as the process MACHINE_PID, for so many seconds at most
#   machine_discard         the snapshot turned out to be broken
# What is in RUN: payload.tar, PAYLOAD_BYTES long, of `command`, a shell script, and `files/`, where it is to start.
# The machine appends to stdout and stderr; to output.tar what is in /out, if REQUEST is `output`; to control the lines `started`,
# `sent FILE BYTES`, `exit STATUS`, or `failed WHY`; to console and machine.log what helps to explain a failure.

# shellcheck disable=SC2034
readonly MACHINE=amd
readonly QEMU=qemu-system-x86_64
readonly MEMORY=1G
readonly PAYLOAD_MEBIBYTES=512           # of address space; the file behind it is sparse
readonly OUTPUT_MEBIBYTES=4096           # of each stream: it goes through a file
readonly EXACT_START=2026-01-01T00:00:00 # the wall clock when an exact machine is switched on
readonly BOOT_SECONDS=300                # far more than a boot takes: about 5, exact 15
readonly KERNEL="$CACHE/kernel"
# In the order in which they need one another: kvm_amd; the ports to the host; the run's parameters; the payload's memory.
readonly MODULES=(ccp irqbypass kvm kvm-amd
    virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_console
    qemu_fw_cfg libnvdimm nd_btt nd_pmem nfit)

machine_missing() {
    command -v "$QEMU" >/dev/null || echo qemu-system-x86
    command -v xz >/dev/null || echo xz-utils
}

machine_ready() {
    [ -e "$KERNEL/identity" ] || return 1
    find_names
    [ -e "$IMAGE/initramfs" ] || return 1
    [ "$1" = cold ] || snapshot_is_sound
}

machine_prepare() {
    rm -rf "$CACHE"/new.* # what a killed lab left
    [ -e "$KERNEL/identity" ] || fetch_kernel
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
    PARAMETERS="run $epoch $(((PAYLOAD_BYTES >> 20) + 1)) $entropy $request"
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

machine_discard() { rm -f "$SNAPSHOT/sound"; }

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

# ---- The cache: kernel/, and for each initramfs amd-KEY/ with initramfs and a snapshot per mode ----
# All is made under another name and renamed when it is finished, so that what is there is whole.

# Sets IMAGE and SNAPSHOT, whose names are digests of all that they depend on.
find_names() {
    local digest mode=normal
    digest=$({
        cat "$KERNEL/identity" "$LAB_FOLDER/init" "${LIBRARIES[@]}"
        echo "${MODULES[@]}" "${LIBRARIES[@]}"
    } | sha256sum)
    IMAGE="$CACHE/amd-${digest:0:16}"
    common_arguments
    digest=$({ "$QEMU" --version && echo "${COMMON[@]}" "$RAM_TO_SAVE"; } | sha256sum)
    [ -z "$EXACT" ] || mode=exact
    SNAPSHOT="$IMAGE/$mode-${digest:0:16}"
}

# The kernel's package is not installed: its files are taken out of it.
fetch_kernel() {
    local started=$EPOCHREALTIME work modules=("${MODULES[@]/%/.ko}")
    temporary_folder work "$CACHE/new.XXXXXX"
    say "the kernel: fetching Debian's, and busybox-static, about 72 MB"
    download "$work" || { update_lists "$work" && download "$work"; } ||
        die "apt-get cannot fetch them: $(tail -n 1 "$work/apt.log")"
    mkdir -p "$work/kernel/modules"
    unpack "$work"/busybox-static_*.deb "$work/kernel" ./bin/busybox
    unpack "$work"/linux-image-*.deb "$work/kernel/modules" './boot/vmlinuz-*' "${modules[@]/#/*/}"
    unpack_kernel "$work"/kernel/modules/vmlinuz-* "$work/kernel/vmlinux"
    rm "$work"/kernel/modules/vmlinuz-*
    { basename -a "$work"/*.deb && sha256sum <"$work/kernel/vmlinux"; } >"$work/kernel/identity"
    mv -T "$work/kernel" "$KERNEL"
    rm -rf "$work"
    say "the kernel: fetched in $(since "$started") s"
}

download() { # FOLDER
    local kernel
    child apt-cache depends linux-image-amd64 >"$1/depends" 2>>"$1/apt.log" &&
        kernel=$(awk '/Depends: linux-image-/ && !n++ { print $2 }' "$1/depends") && [ -n "$kernel" ] &&
        child env -C "$1" apt-get -qq -o APT::Sandbox::User=root download "$kernel" busybox-static >>"$1/apt.log" 2>&1
}

update_lists() { # FOLDER
    say 'apt has no list of that package, or an old one: apt-get update'
    child apt-get -qq update >>"$1/apt.log" 2>&1
}

# tar, whose end ends the other side of the pipe: dpkg-deb -x would leave processes of its own when it is killed.
unpack() { # PACKAGE FOLDER PATTERN...
    child tar -x -C "$2" --transform 's,.*/,,' --wildcards "${@:3}" \
        -f <(exec dpkg-deb --fsys-tarfile "$1" 2>/dev/null) 2>/dev/null ||
        die "${1##*/} lacks a file that the machine needs"
}

# QEMU starts an ELF vmlinux at once (PVH); a vmlinuz would unpack itself on the emulated CPU. The boot protocol says where in
# the vmlinuz the packed one is; its last four bytes are the length of the unpacked one.
unpack_kernel() { # VMLINUZ VMLINUX
    local setup offset length expected
    setup=$(number "$1" 497 1)
    offset=$(((setup + 1) * 512 + $(number "$1" 584 4)))
    length=$(number "$1" 588 4)
    expected=$(number "$1" $((offset + length - 4)) 4)
    dd if="$1" of="$2.xz" bs=1M iflag=skip_bytes,count_bytes skip="$offset" count=$((length - 4)) status=none
    { child xz -d "$2.xz" && [ "$(stat -c %s "$2")" = "$expected" ]; } || die "cannot unpack Debian's kernel"
}

number() { od -An -tu"$3" -j"$2" -N"$3" "$1" | tr -d ' '; } # FILE OFFSET BYTES

make_initramfs() {
    local work module
    temporary_folder work "$CACHE/new.XXXXXX"
    mkdir -p "$work"/root/{bin,dev,etc,lab,lib/x86_64-linux-gnu,lib64,modules,out,proc,root,run,sys,tmp,usr}
    ln -s bin "$work/root/sbin"
    ln -s ../bin "$work/root/usr/bin"
    ln -s ../bin "$work/root/usr/sbin"
    cp "$KERNEL/busybox" "$work/root/bin/"
    for module in "${MODULES[@]}"; do
        cp "$KERNEL/modules/$module.ko" "$work/root/modules/"
        echo "$module"
    done >"$work/root/modules/order"
    cp -L "${LIBRARIES[@]}" "$work/root/lib/x86_64-linux-gnu/"
    mv "$work"/root/lib/x86_64-linux-gnu/ld-linux-*.so.* "$work/root/lib64/"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$work/root/etc/passwd"
    echo 'root:x:0:' >"$work/root/etc/group"
    echo '127.0.0.1 localhost lab' >"$work/root/etc/hosts"
    install -m 755 "$LAB_FOLDER/init" "$work/root/init"
    # Not compressed: the emulated CPU would take longer to unpack it than QEMU takes to read it.
    # The same bytes each time, so that exact machines are the same on every host.
    chmod -R u=rwX,go=rX "$work/root"
    find "$work/root" -exec touch -h -d @0 {} +
    (cd "$work/root" && find . | sort |
        "$KERNEL/busybox" cpio -o -H newc -R 0:0 --ignore-devno --renumber-inodes >"$work/initramfs" 2>/dev/null)
    rm -rf "$work/root" "$CACHE"/amd-* # of an older kernel, init or glibc
    mv -T "$work" "$IMAGE"
}

snapshot_is_sound() { [ -e "$SNAPSHOT/sound" ] && [ "$(describe "$SNAPSHOT")" = "$(<"$SNAPSHOT/sound")" ]; }

# By size and time of writing: a digest of the memory would take longer than the run.
describe() { stat -c '%s %y' "$1/ram" "$1/state" 2>/dev/null; }

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
    describe "$RUN/snapshot" >"$RUN/snapshot/sound"
    rm -rf "${SNAPSHOT%-*}"-* # of another QEMU
    mv -T "$RUN/snapshot" "$SNAPSHOT"
    rm -rf "$RUN"
    say "the snapshot: made in $(since "$started") s"
}
