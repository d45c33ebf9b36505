#!/bin/bash
# image.sh: what the machines of lab.sh have in common: Debian's kernel, an initramfs with what is in guest/, and whether a snapshot of
# it is whole.
#
# In the cache: kernel/, and for each initramfs MACHINE-KEY/. All is made under another name and renamed when it is finished, so
# that what is there is whole.

readonly KERNEL="$CACHE/kernel"
# Of every machine, so that one download serves them all.
readonly ALL_MODULES=(ccp irqbypass kvm kvm-amd kvm-intel
    virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_console
    qemu_fw_cfg libnvdimm nd_btt nd_pmem nfit)

has_kernel() {
    local module
    for module in "${ALL_MODULES[@]}"; do [ -e "$KERNEL/modules/$module.ko" ] || return 1; done
    [ -e "$KERNEL/identity" ]
}

# Sets IMAGE, whose name is a digest of all that it depends on. MODULES are the machine's, in the order in which they need one
# another; PROGRAMS are files of its own for /bin.
find_image() { IMAGE="$CACHE/$MACHINE-$(digest image_inputs)"; }

image_inputs() {
    cat "$KERNEL/identity" "$LAB_FOLDER/guest/init" "$LAB_FOLDER/guest/machine-$MACHINE" "${LIBRARIES[@]}" "${PROGRAMS[@]}"
    # shellcheck disable=SC2153
    echo "${MODULES[@]}" "${LIBRARIES[@]}" "${PROGRAMS[@]##*/}"
}

# In one short line each: bash may be confused by a signal that comes while it reads a long $( ).
digest() { "$@" | sha256sum | head -c 16; } # COMMAND

# The kernel's package is not installed: its files are taken out of it.
fetch_kernel() {
    local started=$EPOCHREALTIME work modules=("${ALL_MODULES[@]/%/.ko}")
    temporary_folder work "$CACHE/new.XXXXXX"
    say "the kernel: fetching Debian's, and busybox-static, about 72 MB"
    download "$work" || { update_lists "$work" && download "$work"; } ||
        die "apt-get cannot fetch them: $(tail -n 1 "$work/apt.log"; df -h "$work" | awk 'END { print "(" $4 " free on " $6 ")" }')"
    mkdir -p "$work/kernel/modules"
    unpack "$work"/busybox-static_*.deb "$work/kernel" ./bin/busybox
    unpack "$work"/linux-image-*.deb "$work/kernel/modules" './boot/vmlinuz-*' "${modules[@]/#/*/}"
    unpack_kernel "$work"/kernel/modules/vmlinuz-* "$work/kernel/vmlinux"
    rm "$work"/kernel/modules/vmlinuz-*
    { basename -a "$work"/*.deb && sha256sum <"$work/kernel/vmlinux"; } >"$work/kernel/identity"
    rm -rf "$KERNEL" # of an older lab, with fewer modules
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
    cp "$KERNEL/busybox" "${PROGRAMS[@]}" "$work/root/bin/"
    for module in "${MODULES[@]}"; do
        cp "$KERNEL/modules/$module.ko" "$work/root/modules/"
        echo "$module"
    done >"$work/root/modules/order"
    cp -L "${LIBRARIES[@]}" "$work/root/lib/x86_64-linux-gnu/"
    mv "$work"/root/lib/x86_64-linux-gnu/ld-linux-*.so.* "$work/root/lib64/"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$work/root/etc/passwd"
    echo 'root:x:0:' >"$work/root/etc/group"
    echo '127.0.0.1 localhost lab' >"$work/root/etc/hosts"
    install -m 755 "$LAB_FOLDER/guest/init" "$work/root/init"
    cp "$LAB_FOLDER/guest/machine-$MACHINE" "$work/root/machine"
    # Not compressed: the emulated CPU would take longer to unpack it than QEMU takes to read it.
    # The same bytes each time, so that exact machines are the same on every host.
    chmod -R u=rwX,go=rX "$work/root"
    find "$work/root" -exec touch -h -d @0 {} +
    (cd "$work/root" && find . | sort |
        "$KERNEL/busybox" cpio -o -H newc -R 0:0 --ignore-devno --renumber-inodes >"$work/initramfs" 2>/dev/null)
    rm -rf "$work/root" "$CACHE/$MACHINE"-* # of an older kernel, init or glibc
    mv -T "$work" "$IMAGE"
}

# ---- A snapshot is the folder SNAPSHOT ----

snapshot_is_sound() { [ -e "$SNAPSHOT/sound" ] && [ "$(describe "$SNAPSHOT")" = "$(<"$SNAPSHOT/sound")" ]; }

# By size and time of writing: a digest of the memory would take longer than the run.
describe() { find "$1" -type f ! -name sound -printf '%P %s %T@\n' 2>/dev/null | sort; }

# Puts a finished one in its place, and those away that have the same name but for the digest at its end.
keep_snapshot() { # FOLDER
    describe "$1" >"$1/sound"
    rm -rf "${SNAPSHOT%-*}"-*
    mv -T "$1" "$SNAPSHOT"
}

# Where the cache is not ours to write to, it is not ours to mend.
discard_snapshot() { rm -f "$SNAPSHOT/sound" 2>/dev/null || die "cannot discard the broken snapshot $SNAPSHOT"; }
