#!/bin/bash
# machine-intel.sh: the machine `intel` of lab.sh: Bochs emulates a CPU with VMX, EPT and Intel's checks of each VM entry; a stock
# Debian kernel in it runs the genuine kvm_intel. Its time-stamp counter counts instructions, and a run repeats to the last one.
#
# Its functions are those that lab.sh says a machine has. Bochs is built here, once, with the lab's own device in it (intel/): ports
# that are the files in RUN.

# shellcheck disable=SC2034
readonly CPUS=(haswell skylake lynnfield penryn)
declare -rA MODELS=([haswell]=corei7_haswell_4770 [skylake]=corei7_skylake_x
    [lynnfield]=corei5_lynnfield_750 [penryn]=core2_penryn_t9600)
readonly MEBIBYTES=512
# Of the emulated clock: the more instructions a second has, the fewer of them the kernel's timer interrupts.
readonly INSTRUCTIONS_A_SECOND=1000000000
readonly OUTPUT_MEBIBYTES=4096 # of each stream: it goes through a file
readonly BOOT_SECONDS=300      # far more than a boot takes: about 15
readonly INITRAMFS_ADDRESS=0x8000000
readonly COMMAND_LINE='console=ttyS0 quiet panic=-1 pci=off acpi=off noapic nosmp mitigations=off nokaslr tsc=reliable random.trust_cpu=on'
readonly MODULES=(irqbypass kvm kvm-intel)

machine_missing() {
    command -v g++ >/dev/null || echo g++
    command -v make >/dev/null || echo make
    command -v objcopy >/dev/null || echo binutils
    command -v xz >/dev/null || echo xz-utils
    [ -e /usr/include/linux/random.h ] || echo libc6-dev
}

machine_ready() {
    find_bochs
    [ -e "$BOCHS/bochs" ] && has_kernel || return 1
    find_names
    [ -e "$IMAGE/rom.bin" ] || return 1
    [ "$1" = cold ] || snapshot_is_sound
}

machine_prepare() {
    rm -rf "$CACHE"/new.* # what a killed lab left
    find_bochs
    [ -e "$BOCHS/bochs" ] || build_bochs
    has_kernel || fetch_kernel
    find_names
    [ -e "$IMAGE/initramfs" ] || make_initramfs
    [ -e "$IMAGE/rom.bin" ] || make_rom
    [ "$1" = cold ] || snapshot_is_sound || make_snapshot
}

machine_start() {
    local kind=$1 seconds=$2 request=$3 epoch=keep entropy=keep
    if [ -z "$EXACT" ]; then
        epoch=$(((${EPOCHREALTIME/[.,]/} + 500000) / 1000000))
        entropy=$(od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n')
    fi
    note "the command and its files: $((PAYLOAD_BYTES >> 10)) KiB; the machine: $SNAPSHOT"
    printf '%-256s' "run $epoch $PAYLOAD_BYTES $entropy $request" >"$RUN/request"
    if [ "$kind" = cold ]; then
        configure
        launch "$seconds" -f bochsrc
    else
        # By way of the folder's descriptor: all of one snapshot, even if another lab replaces it now.
        launch "$seconds" -r /proc/self/fd/6 6<"$SNAPSHOT"
    fi
}

machine_discard() { discard_snapshot; }

# ---- Bochs ----

# The stable source of a newer Debian, from wherever this machine has its packages: Bochs 3.0 is the first with all that is needed.
readonly BOCHS_SUITE=trixie
readonly BOCHS_OPTIONS=(--enable-cpu-level=6 --enable-x86-64 --enable-vmx=2 --enable-avx --enable-evex --enable-protection-keys
    --enable-all-optimizations --enable-handlers-chaining --enable-trace-linking
    --disable-debugger --disable-plugins --disable-docbook --with-nogui
    CFLAGS="-O2 -pipe" CXXFLAGS="-O2 -fomit-frame-pointer -pipe")

# Sets BOCHS, the folder of the program, whose name is a digest of all that we put into it.
find_bochs() {
    BOCHS="$CACHE/bochs-$(digest bochs_inputs)"
    PROGRAMS=("$BOCHS/port")
}

bochs_inputs() {
    cat "$LAB_FOLDER/intel/device.h" "$LAB_FOLDER/intel/port.c"
    declare -f change_bochs
    echo "$BOCHS_SUITE ${BOCHS_OPTIONS[*]}"
}

build_bochs() {
    local started=$EPOCHREALTIME work source
    temporary_folder work "$CACHE/new.XXXXXX"
    say "Bochs: fetching Debian's source, about 15 MB, and building it"
    fetch_bochs "$work" >"$work/log" 2>&1 || die "apt-get cannot fetch the source of Bochs: $(tail -n 1 "$work/log")"
    source=$(echo "$work"/bochs_*.orig.tar.*)
    mkdir "$work/source" "$work/bochs"
    child tar -xf "$source" -C "$work/source" --strip 1 || die 'cannot unpack the source of Bochs'
    change_bochs "$work/source" || die 'this source of Bochs has not the lines that the lab adds to'
    compile_bochs "$work/source" >"$work/log" 2>&1 9>&- || die "Bochs cannot be built: $(tail -n 1 "$work/log")"
    strip -o "$work/bochs/bochs" "$work/source/bochs"
    gcc -O2 -o "$work/bochs/port" "$LAB_FOLDER/intel/port.c" || die 'intel/port.c cannot be compiled'
    { basename "$source" && sha256sum <"$source"; } >"$work/bochs/identity"
    rm -rf "$CACHE"/bochs-*
    mv -T "$work/bochs" "$BOCHS"
    rm -rf "$work"
    say "Bochs: built in $(since "$started") s"
}

compile_bochs() { # SOURCE
    child env -C "$1" ./configure "${BOCHS_OPTIONS[@]}" && child make -C "$1" -j "$(nproc)"
}

# With apt's own lists left as they are.
fetch_bochs() { # FOLDER
    local mirror
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/\?$') || return
    mkdir -p "$1/apt/lists/partial"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $BOCHS_SUITE main" >"$1/apt/sources"
    local apt=(apt-get -q -o "Dir::Etc::sourcelist=$1/apt/sources" -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$1/apt/lists" -o "Dir::Cache=$1/apt" -o APT::Sandbox::User=root)
    child "${apt[@]}" update && child env -C "$1" "${apt[@]}" source --tar-only --download-only bochs
}

# Each change by the line that it belongs to, of which there must be one.
change_bochs() { # SOURCE
    cp "$LAB_FOLDER/intel/device.h" "$1/iodev/kvmsys-device.h"
    # The lab's device, where the ports are that have no device.
    insert_after "$1/iodev/unmapped.cc" '#define LOG_THIS theUnmappedDevice->' '#include "kvmsys-device.h"' &&
        insert_after "$1/iodev/unmapped.cc" 'DEV_register_default_iowrite_handler(this, write_handler, "Unmapped", 7);' \
            'kvmsys::init_device();' &&
        # A mending: at a VM entry, whether external interrupts are masked is settled before the CPU counts as in the guest. One
        # that has IF=0 and spins is then never left, whatever interrupt comes (SDM Vol. 3C, 26.2 and 25.6.1).
        insert_after "$1/cpu/vmx.cc" 'BX_CPU_THIS_PTR in_vmx_guest = true;' 'handleInterruptMaskChange();' &&
        # Another: an image is read into guest memory as if that were one piece; it is one up to a block's end.
        replace "$1/memory/misc_mem.cc" 'get_vector(offset), size)' 'get_vector(offset), size < 0x10000 ? size : 0x10000)'
}

insert_after() { # FILE LINE NEW-LINE
    [ "$(grep -cF -- "$2" "$1")" = 1 ] && sed -i "$(grep -nF -- "$2" "$1" | cut -d : -f 1)a $3" "$1"
}

replace() { # FILE WORDS NEW-WORDS
    local text
    [ "$(grep -cF -- "$2" "$1")" = 1 ] && text=$(<"$1") && printf '%s\n' "${text/"$2"/"$3"}" >"$1"
}

configure() { # writes bochsrc in RUN, for a machine that boots
    cat >"$RUN/bochsrc" <<TEXT
cpu: model=${MODELS[$CPU]}, count=1, ips=$INSTRUCTIONS_A_SECOND, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=$MEBIBYTES, host=$MEBIBYTES
romimage: file=rom.bin
vgaromimage: file=vga.rom
optramimage1: file=vmlinux.flat, address=$(<"$IMAGE/address")
optramimage2: file=initramfs, address=$INITRAMFS_ADDRESS
vga: extension=none, update_freq=1
com1: enabled=1, mode=file, dev=console
log: bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
clock: sync=none
display_library: nogui
TEXT
}

launch() { # SECONDS ARGUMENT..., in RUN
    local seconds=$1
    shift
    ln -sf "$IMAGE"/{rom.bin,vga.rom,vmlinux.flat,initramfs} "$RUN/"
    (
        cd "$RUN" || exit
        ulimit -S -c 0 -f $((OUTPUT_MEBIBYTES << 10)) 2>/dev/null || :
        exec setpriv --pdeathsig KILL timeout -k 2 "$seconds" setpriv --pdeathsig KILL \
            "$BOCHS/bochs" "$@" -q </dev/null >machine.log 2>&1 9>&-
    ) &
    MACHINE_PID=$!
}

# ---- The firmware and the snapshot, one for each CPU, in the initramfs's folder ----

# Sets IMAGE and SNAPSHOT, whose names are digests of all that they depend on.
find_names() {
    find_image
    SNAPSHOT="$IMAGE/$CPU-$(digest snapshot_inputs)"
}

snapshot_inputs() {
    cat "$BOCHS/identity" "$LAB_FOLDER/intel/rom.S"
    echo "${BOCHS##*/} ${MODELS[$CPU]} $MEBIBYTES $INSTRUCTIONS_A_SECOND $INITRAMFS_ADDRESS $COMMAND_LINE"
    declare -f configure
}

# The kernel flat, as Bochs puts it into memory, and the firmware that goes to its PVH entry point, which a note of it tells.
make_rom() {
    local entry
    objcopy -O binary "$KERNEL/vmlinux" "$IMAGE/vmlinux.flat"
    readelf -lW "$KERNEL/vmlinux" | awk '$1 == "LOAD" { print $4; exit }' >"$IMAGE/address"
    entry=$(readelf -nW "$KERNEL/vmlinux" | awk '/0x00000012/ { note = 1 }
        note && sub(/.*description data: */, "") { print "0x" $4 $3 $2 $1; exit }')
    head -c 32768 /dev/zero >"$IMAGE/vga.rom"
    assemble_rom "$entry" || die 'intel/rom.S cannot be assembled'
    mv "$IMAGE/rom.new" "$IMAGE/rom.bin"
}

assemble_rom() { # ENTRY
    gcc -c "-DENTRY=$1" "-DINITRAMFS=$INITRAMFS_ADDRESS" "-DINITRAMFS_BYTES=$(stat -c %s "$IMAGE/initramfs")" \
        "-DMEMORY=$((MEBIBYTES << 20))" "-DCOMMAND_LINE=\"$COMMAND_LINE\"" "$LAB_FOLDER/intel/rom.S" -o "$IMAGE/rom.o" &&
        ld -m elf_x86_64 -Ttext 0 --oformat binary -e 0 "$IMAGE/rom.o" -o "$IMAGE/rom.new"
}

make_snapshot() {
    local started=$EPOCHREALTIME RUN status=0 why=''
    [ ! -e "$SNAPSHOT" ] || why='it is broken; '
    say "the snapshot of $CPU: ${why}booting to make it"
    temporary_folder RUN "$CACHE/new.XXXXXX"
    mkdir "$RUN/snapshot"
    configure
    LAB_CHECKPOINT=$RUN/snapshot launch "$BOOT_SECONDS" -f bochsrc
    wait "$MACHINE_PID" || status=$?
    { [ "$status" = 0 ] && [ -s "$RUN/snapshot/memory.ram" ]; } || die "the machine does not boot (status $status)"
    sed -i '/^optramimage/d' "$RUN/snapshot/config" # the memory has them
    keep_snapshot "$RUN/snapshot"
    rm -rf "$RUN"
    say "the snapshot of $CPU: made in $(since "$started") s"
}
