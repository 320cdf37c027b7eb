#!/bin/sh
# Installs the Debian packages this booth needs, and nothing else: no virtual environment, no fonts, no accounts.
#
#   provisioning/setup.sh            what a booth needs
#   provisioning/setup.sh --bench    and what the bench, the tests and the reference backend need
#   provisioning/setup.sh --list     print the packages of that choice, install nothing
#
# Safe to run again: with nothing missing it asks dpkg once and ends. Services that come with a package (pcscd,
# postgresql, mosquitto) are neither started nor enabled by it: the bench starts its own, and a booth's system units
# are the technician's choice.
set -eu

booth="pcscd libpcsclite1 libpcsclite-dev gcc libc6-dev swig pkg-config python3-dev
 espeak-ng libportaudio2 fonts-noto-cjk
 libgl1 libegl1 libgles2 libgl1-mesa-dri libglib2.0-0 libmtdev1 libusb-1.0-0"
bench="vsmartcard-vpcd xvfb chromium postgresql mosquitto util-linux strace xdotool"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

packages=$booth
list=no
for argument in "$@"; do
    case $argument in
        --bench) packages="$booth $bench" ;;
        --list) list=yes ;;
        *) fail "unknown option '$argument' (known: --bench, --list)" ;;
    esac
done

# A Python that does not come from Debian (pyenv, /usr/local) brings its own venv module.
python=$(command -v "${PYTHON:-python3}" || true)
case $(readlink -f "${python:-/usr/bin/python3}") in
    /usr/bin/*) packages="$packages python3-venv" ;;
esac

if [ "$list" = yes ]; then
    printf '%s\n' $packages
    exit 0
fi

command -v dpkg-query >/dev/null || fail "this script knows Debian 12 only (no dpkg-query here); install yourself:" $packages

find_missing() {
    have=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' $packages 2>/dev/null || true)"
    missing=
    for package in $packages; do
        case $have in
            *" installed:$package "*) ;;
            *) missing="$missing $package" ;;
        esac
    done
    missing=${missing# }
}

find_missing
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "missing packages, and neither root nor sudo here. As root run: apt-get install $missing"
    root=sudo
fi
as_root() { $root "$@"; }
apt() {
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
        apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

say "installing: $missing"

# While we install, our packages' services must not start. A machine that already has a policy keeps its own.
policy=${BOOTH_POLICY_FILE:-/usr/sbin/policy-rc.d} # another place for tests only
own_policy=no
drop_policy() {
    if [ "$own_policy" = yes ]; then as_root rm -f "$policy"; fi
    own_policy=no
}
trap drop_policy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if ! [ -e "$policy" ]; then
    own_policy=yes
    as_root sh -c "cat >$policy && chmod 755 $policy" <<'POLICY'
#!/bin/sh
# Placed by provisioning/setup.sh for the length of one installation.
case $1 in pcscd*|postgresql*|mosquitto*) exit 101 ;; esac
exit 0
POLICY
fi

known() {
    for package in $missing; do
        apt-cache show --no-all-versions "$package" >/dev/null 2>&1 || return 1
    done
}
updated=no
if ! known; then
    apt update || say "apt-get update failed; trying with the index that is here"
    updated=yes
    known || fail "the package index does not know all of: $missing. Check /etc/apt/sources.list (Debian 12, main)."
fi
if ! apt install -y --no-install-recommends $missing; then
    [ "$updated" = no ] || fail "apt-get install failed, see above. Needed: $missing"
    say "the package index may be old: updating it and trying once more"
    apt update || true
    apt install -y --no-install-recommends $missing || fail "apt-get install failed, see above. Needed: $missing"
fi
drop_policy

disable() {
    case " $missing " in
        *" $1 "*) as_root systemctl disable --now "$2" >/dev/null 2>&1 || true ;;
    esac
}
if command -v systemctl >/dev/null; then
    disable pcscd pcscd.socket
    disable pcscd pcscd.service
    disable postgresql postgresql.service
    disable mosquitto mosquitto.service
fi

asked=$missing
find_missing
[ -z "$missing" ] || fail "still missing after the installation: $missing"
say "installed: $asked"
