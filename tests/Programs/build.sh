#!/bin/bash
# build.sh FOLDER: builds the programs beside it in all their flavours, and fetches static i386 programs that nobody here compiled.
# What is up to date is left alone.
#
#   FOLDER/glibc-O0, glibc-O2   gcc -m32 -static with the system's glibc
#   FOLDER/glibc-pie            the same, -O2, as a static position-independent executable
#   FOLDER/musl-O0, musl-O2     with the musl of Debian's package musl-dev for i386
#   FOLDER/bare-O0, bare-O2     with no C library at all
#   FOLDER/debian               programs out of Debian's i386 archive
#   FOLDER/packages             what was fetched, and what was unpacked of it
#
# In a program's first lines, `// built as: FLAVOUR...` says in which flavours (all but the bare ones, if there is no such line), and
# `// built with: FLAG...` adds to the compiler's command.
set -euo pipefail
export LC_ALL=C

SOURCES=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
LIBC_FLAVOURS=(glibc-O0 glibc-O2 glibc-pie musl-O0 musl-O2)
# The package, and the static programs in it; another name where two have the same.
DEBIAN=(
    "busybox-static bin/busybox"
    "bash-static bin/bash-static=bash"
    "zsh-static bin/zsh-static=zsh"
    "sash bin/sash"
    "mksh usr/lib/i386-linux-musl/bin/mksh=mksh-musl usr/lib/diet/bin/mksh=mksh-dietlibc usr/lib/klibc/bin/mksh=mksh-klibc"
    "klibc-utils usr/lib/klibc/bin/gzip=gzip-klibc"
    "libc-bin sbin/ldconfig"
    "e2fsck-static sbin/e2fsck.static=e2fsck"
    "gpgv-static usr/bin/gpgv-static=gpgv"
)

fail() {
    printf 'tests/Programs/build.sh: %s\n' "$*" >&2
    exit 1
}

# ---- Debian's packages for i386 ----

# With lists of their own: the system's architectures stay as they are, and root's rights are not needed.
apt_i386() { # COMMAND...
    apt-get -qq -o APT::Architecture=i386 -o APT::Architectures::=i386 -o APT::Sandbox::User="$(id -un)" \
        -o Dir::State::Lists="$PACKAGES/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$PACKAGES/cache" \
        -o Acquire::Languages=none "$@" >>"$PACKAGES/log" 2>&1
}

fetch() { # PACKAGE: into PACKAGES/PACKAGE
    local folder=$PACKAGES/$1
    [ ! -e "$folder" ] || return 0
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    # Lists that are older than the archive name files that are gone. An update of which a part fails may do all the same.
    (cd "$folder.new" && apt_i386 download "$1") || {
        apt_i386 update || :
        (cd "$folder.new" && apt_i386 download "$1")
    } || fail "apt-get cannot fetch $1 for i386: $(tail -n 1 "$PACKAGES/log")"
    dpkg-deb -x "$folder.new/$1"_*.deb "$folder.new" || fail "the package $1 cannot be unpacked"
    mv -T "$folder.new" "$folder"
}

is_static_i386() { # FILE
    local header
    header=$(od -An -tx1 -N20 "$1" | tr -d ' \n')
    # ELF, 32 bits, little-endian; an executable or a PIE; of the 386. An interpreter would be a program header of type 3.
    [[ $header =~ ^7f454c460101.{20}0[23]000300$ ]] && ! readelf -lW "$1" 2>/dev/null | grep -q INTERP
}

fetch_programs() {
    local line package program name
    mkdir -p "$FOLDER/debian"
    for line in "${DEBIAN[@]}"; do
        package=${line%% *}
        fetch "$package"
        for program in ${line#* }; do
            name=${program#*=}
            name=${name##*/}
            program=$PACKAGES/$package/${program%=*}
            [ -e "$program" ] || fail "the package $package has no ${program#"$PACKAGES/$package/"} any more"
            is_static_i386 "$program" || fail "${program#"$PACKAGES/"} is not a static i386 program"
            ln -f "$program" "$FOLDER/debian/$name"
        done
    done
}

# ---- The programs beside this script ----

# The kernel's headers, without those of the glibc that lies in the same folder.
link_kernel_headers() {
    local folder
    mkdir -p "$PACKAGES/kernel-headers"
    ln -sfn /usr/include/linux /usr/include/asm-generic "$PACKAGES/kernel-headers/"
    for folder in /usr/include/asm /usr/include/x86_64-linux-gnu/asm; do
        [ ! -d "$folder" ] || ln -sfn "$folder" "$PACKAGES/kernel-headers/asm"
    done
}

compile() { # FLAVOUR SOURCE
    local source=$SOURCES/$2 target=$FOLDER/$1/${2%.c} musl=$PACKAGES/musl-dev/usr flags command
    read -ra flags < <(sed -n '1,/^$/s,^// built with: ,,p' "$source") || :
    command=(gcc -m32 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror "$source" -o "$target.new")
    # Programs with a symbol table, and without.
    case $1 in
    *-O0) command+=(-O0 -g0) ;;
    *) command+=(-O2 -s) ;;
    esac
    case $1 in
    glibc-pie) command+=(-fPIE -static-pie "${flags[@]}") ;;
    glibc-*) command+=(-static -fno-pie -no-pie "${flags[@]}") ;;
    musl-*) command+=(-static -fno-pie -no-pie -nostdinc -isystem "$musl/include/i386-linux-musl" -isystem "$PACKAGES/kernel-headers"
        -isystem "$(gcc -print-file-name=include)" -nostdlib -L"$musl/lib/i386-linux-musl"
        "$musl"/lib/i386-linux-musl/{crt1.o,crti.o} "${flags[@]}" -lc -lgcc "$musl/lib/i386-linux-musl/crtn.o") ;;
    bare-*) command+=(-static -fno-pie -no-pie -ffreestanding -nostdlib "${flags[@]}") ;;
    esac
    "${command[@]}" || {
        printf '%s: does not compile as %s\n' "$2" "$1" >&2
        return 1
    }
    mv "$target.new" "$target"
}

# Prints the flavour and the source of each program that is missing or older than what it comes from.
stale() {
    local source name target flavours flavour
    for source in "$SOURCES"/*.c; do
        name=${source##*/}
        read -ra flavours < <(sed -n '1,/^$/s,^// built as: ,,p' "$source") || :
        [ ${#flavours[@]} -gt 0 ] || flavours=("${LIBC_FLAVOURS[@]}")
        for flavour in "${flavours[@]}"; do
            mkdir -p "$FOLDER/$flavour"
            target=$FOLDER/$flavour/${name%.c}
            { [ "$target" -nt "$source" ] && [ "$target" -nt "$SOURCES/build.sh" ] &&
                [ "$target" -nt "$SOURCES/program.h" ] && [ "$target" -nt "$SOURCES/faults.h" ]; } || printf '%s %s\n' "$flavour" "$name"
        done
    done
}

# One whose source has gone would be taken for a program still.
remove_strangers() {
    local program
    for program in "$FOLDER"/{glibc,musl,bare}-*/*; do
        [ -e "$SOURCES/$(basename "$program").c" ] || rm -f "$program"
    done
}

[ $# = 1 ] || fail 'it takes one argument, the folder to build in'
mkdir -p "$1/packages/lists/partial" "$1/packages/cache/archives/partial" || fail "cannot use the folder $1"
FOLDER=$(realpath "$1")
PACKAGES=$FOLDER/packages
# One build at a time.
exec 9<"$FOLDER"
flock 9
: >"$PACKAGES/log"
fetch musl-dev
fetch_programs
link_kernel_headers
remove_strangers
export FOLDER PACKAGES SOURCES
export -f compile
stale | xargs -r -P "$(nproc)" -L 1 bash -c 'compile "$@"' compile || fail 'not all programs compile'
