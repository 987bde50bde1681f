#!/bin/sh
# Installs tranche on this machine with Docker, and keeps it: `./install.sh help` says how. Safe to run again at any time; what was interrupted goes on
# where it stopped. docs/self-hosted.md is the guide.
# shellcheck disable=SC2015 # "A && B || die": whichever of the two fails, it ends there
set -u
umask 077

usage() {
  cat <<'TEXT'
Usage: ./install.sh [COMMAND] [OPTIONS]

  install [--host NAME] [--email ADDRESS] [--minio]
                     what is done without a command: checks this machine, makes .env with every secret, builds and starts everything, waits until
                     it is ready, prints the console's address, and the first login once. NAME is the name under which it is reached
                     (tranche.example.com); ADDRESS is for the certificate authority and the first login; --minio keeps the archive in a store of
                     objects of its own
  upgrade            after a `git pull`: backup, build, migrate, start, check. Goes on where it was interrupted
  backup             dumps the database to backups/ and reads the dump back
  restore FILE [--yes] [--accept-unreadable]
                     puts a dump in the place of the database, which is kept under another name. --yes: without asking; --accept-unreadable: although
                     .env does not have the key that opens its sealed credentials, which are removed
  status             what runs, whether it is ready, the newest backup; exit code 1 where something is wrong
  uninstall          stops and removes the containers; all data stays, and it says where
  compose ARGS...    docker compose with this installation's settings only: ./install.sh compose logs -f rounds
  help               this text

  --force            goes on although a check fails: of this machine's disk, memory, clock or ports, or of the settings
TEXT
}

# --- words -----------------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
  printf '\nstopped: %s\n' "$*" >&2
  exit 1
}

# A check of the machine that --force makes a warning.
refuse() {
  if [ "$force" = yes ]; then warn "$* (--force)"; else die "$*, or give --force"; fi
}

# --- the place -------------------------------------------------------------------------------------------------------

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
cd "$here" || exit 1
PATH=${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}

# What somebody's shell has set must not end up in the containers: Compose would prefer it to .env.
wanted_host=${TRANCHE_HOST:-}
# shellcheck disable=SC2016 # what is looked for is written so
for name in $(grep -o '\${[A-Z][A-Z0-9_]*' compose.yaml | tr -d '${' | sort -u); do unset "$name"; done
unset COMPOSE_FILE COMPOSE_PROFILES COMPOSE_PROJECT_NAME COMPOSE_ENV_FILES COMPOSE_DISABLE_ENV_FILE

proc=${PROC_FOLDER:-/proc}
ready_timeout=${READY_TIMEOUT:-180}
poll=${POLL_SECONDS:-2}
services="api dashboard rounds ingestion scorer zombie-hunter billing"

dc() { docker compose "$@"; }
# Of the folder of backups; --no-deps: PostgreSQL is started before, by name.
database() { dc run --rm --no-deps -T backup "$@"; }

# --- .env ------------------------------------------------------------------------------------------------------------

# The last line counts, as it does for Compose. @returns nothing where it is not set or empty
value() {
  [ -f .env ] || return 0
  sed -n "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1=//p" .env | tail -n 1 | sed -e 's/[[:space:]]*$//' -e "s/^'\(.*\)'\$/\1/" -e 's/^"\(.*\)"$/\1/'
}

random_hex() {
  made=$(openssl rand -hex 32 2>/dev/null) || made=''
  [ "${#made}" -eq 64 ] || made=$(od -An -vtx1 -N32 /dev/urandom | tr -d ' \n')
  [ "${#made}" -eq 64 ] || return 1
  printf '%s' "$made"
}

random_base64() {
  made=$(openssl rand -base64 32 2>/dev/null) || made=''
  [ "${#made}" -eq 44 ] || made=$(head -c 32 /dev/urandom | base64)
  [ "${#made}" -eq 44 ] || return 1
  printf '%s' "$made"
}

# Secrets without which data that is there could not be read, or not be continued: never made anew beside that data.
bound="POSTGRES_PASSWORD SECRETS_KEY EVIDENCE_SIGNING_KEY"
hex_secrets="POSTGRES_PASSWORD APP_DATABASE_PASSWORD ADMIN_TOKEN AUTH_JWT_SECRET CRON_SECRET METRICS_TOKEN WAU_READ_TOKEN"
base64_secrets="SECRETS_KEY EVIDENCE_SIGNING_KEY"

has_data() { docker volume inspect tranche_postgres >/dev/null 2>&1; }

# What there is, and what it lacks. Under set -e: the first line that can not be written or made ends it.
write_env() {
  if [ -f .env ]; then
    cat .env
    # A last line without its end would swallow the next one.
    [ -z "$(tail -c 1 .env)" ] || echo
  else
    echo "# Settings and secrets of this installation, made by install.sh. Keep a copy apart from the backups: without SECRETS_KEY and"
    echo "# EVIDENCE_SIGNING_KEY a backup is not worth much, and with them it is worth stealing. env.example has what else can be set."
  fi
  if [ -z "$(value TRANCHE_HOST)" ]; then printf 'TRANCHE_HOST=%s\n' "$wanted_host"; fi
  if [ -n "$wanted_email" ] && [ -z "$(value ACME_EMAIL)" ]; then printf 'ACME_EMAIL=%s\n' "$wanted_email"; fi
  for name in $hex_secrets; do
    if [ -z "$(value "$name")" ]; then
      made=$(random_hex)
      printf '%s=%s\n' "$name" "$made"
    fi
  done
  for name in $base64_secrets; do
    if [ -z "$(value "$name")" ]; then
      made=$(random_base64)
      printf '%s=%s\n' "$name" "$made"
    fi
  done
  # Who writes to the folders of this machine: root gives them away, anybody else writes as himself.
  if [ -n "$(value BACKUP_USER)" ]; then :; elif [ "$(id -u)" -eq 0 ]; then echo "BACKUP_USER=70:70"; else echo "BACKUP_USER=$(id -u):$(id -g)"; fi
  if [ "$with_minio" = yes ] && [ -z "$(value ARCHIVE_URL)" ]; then
    made=$(random_hex)
    printf '%s\n' "COMPOSE_PROFILES=backup,minio" "ARCHIVE_URL=s3://tranche-archive" "ARCHIVE_ENDPOINT=https://minio:9000" \
      "ARCHIVE_ACCESS_KEY_ID=tranche" "ARCHIVE_SECRET_ACCESS_KEY=$made" "ARCHIVE_CA=/etc/tranche/ca/minio.crt"
  elif ! grep -q '^COMPOSE_PROFILES=' .env 2>/dev/null; then
    echo "COMPOSE_PROFILES=backup"
  fi
}

# Adds what .env lacks, all of it or nothing; what is there stays as it is, byte for byte.
fill_env() {
  if [ -e .env ] && [ ! -r .env ]; then die ".env can not be read: run this as its owner"; fi
  for name in $bound; do
    if [ -z "$(value "$name")" ] && has_data; then
      die ".env lacks $name, and the data of an installation is there (volume tranche_postgres): another one would not fit it. Put the .env of that installation back to $here/.env; where it is lost, docs/self-hosted.md, \"The keys are lost\", says what can be saved"
    fi
  done
  [ -n "$(value TRANCHE_HOST)" ] || [ -n "$wanted_host" ] || ask_host
  [ -z "$wanted_host" ] || checked_host "$wanted_host"
  (
    set -e
    write_env
  ) >.env.new
  wrote=$?
  if [ "$wrote" -ne 0 ]; then
    rm -f .env.new
    die "no .env was written: is the disk full, or is there no source of random numbers? What was there is as it was"
  fi
  if [ -f .env ] && cmp -s .env .env.new; then
    rm -f .env.new
  else
    if [ -f .env ]; then
      added=''
      for name in TRANCHE_HOST ACME_EMAIL $hex_secrets $base64_secrets BACKUP_USER COMPOSE_PROFILES ARCHIVE_URL ARCHIVE_SECRET_ACCESS_KEY; do
        if [ -z "$(value "$name")" ] && grep -q "^$name=." .env.new; then added="$added $name"; fi
      done
      say ".env lacked, and has now:$added"
    else
      say ".env is made. Keep a copy of it apart from the backups: it holds the keys"
    fi
    sync .env.new 2>/dev/null || sync
    # A link stays one.
    mv .env.new "$(readlink -f .env 2>/dev/null || echo .env)" || die "no .env was written; what was there is as it was"
  fi
  case $(ls -l "$(readlink -f .env 2>/dev/null || echo .env)") in
    -r[w-]-------*) ;;
    *) warn ".env holds every secret, and others on this machine may read it: chmod 600 $here/.env" ;;
  esac
}

ask_host() {
  [ -t 0 ] || die "under which name will it be reached? Give it: ./install.sh --host tranche.example.com"
  printf 'Name under which it will be reached (tranche.example.com): '
  read -r wanted_host || wanted_host=''
}

checked_host() {
  case $1 in
    '' | -* | .* | *. | *[!A-Za-z0-9.-]*) die "--host is a name such as tranche.example.com, without https:// and port" ;;
    localhost | *.*) ;;
    *) die "--host is a full name such as tranche.example.com (or localhost, to try it)" ;;
  esac
}

# Folders that containers write to, with their owner.
make_folders() {
  mkdir -p .state backups certs/ca || die "folders could not be made in $here"
  # Read by containers that are somebody else.
  chmod 755 certs certs/ca && chmod a+r Caddyfile && chmod a+rx database.sh || die "files in $here are somebody else's: run this as their owner"
  user=$(value BACKUP_USER)
  if uses_minio; then
    mkdir -p minio certs/minio || die "folders could not be made in $here"
    make_certificate
  fi
  [ "$(id -u)" -ne 0 ] || chown -R "$user" backups || die "backups/ could not be given to $user"
  if [ "$(id -u)" -eq 0 ] && uses_minio; then chown -R "$user" minio certs/minio || die "minio/ could not be given to $user"; fi
}

uses_minio() {
  case ,$(value COMPOSE_PROFILES), in *,minio,*) return 0 ;; *) return 1 ;; esac
}

# Secrets only go over TLS, also to the store beside: it has a certificate of its own, which nobody else trusts.
make_certificate() {
  [ ! -s certs/ca/minio.crt ] || [ ! -s certs/minio/private.key ] || return 0
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=minio -addext subjectAltName=DNS:minio,IP:127.0.0.1 \
    -keyout certs/minio/private.key -out certs/minio/public.crt 2>/dev/null || die "openssl is needed for the certificate of the store of objects"
  cp certs/minio/public.crt certs/ca/minio.crt && chmod 644 certs/ca/minio.crt || die "the certificate could not be written"
}

# --- this machine ----------------------------------------------------------------------------------------------------

# 1.10 is more than 1.9.
at_least() {
  awk -v have="$1" -v want="$2" 'BEGIN {
    sub(/^v/, "", have); n = split(want, w, "."); split(have, h, ".")
    for (i = 1; i <= n; i++) { if (h[i] + 0 > w[i] + 0) exit 0; if (h[i] + 0 < w[i] + 0) exit 1 }
    exit 0
  }'
}

check_docker() {
  command -v docker >/dev/null || die "docker is not installed: https://docs.docker.com/engine/install/"
  server=$(docker version --format '{{.Server.Version}}' 2>/dev/null) || die "the Docker daemon does not answer: is it running, and may $(id -un) use it?"
  at_least "$server" 23.0 || die "Docker is $server, and has to be 23.0 or later"
  compose=$(dc version --short 2>/dev/null) || die "the Compose plugin is not installed: https://docs.docker.com/compose/install/linux/"
  at_least "$compose" 2.20 || die "the Compose plugin is $compose, and has to be 2.20 or later"
}

check_memory() {
  total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' "$proc/meminfo" 2>/dev/null)
  [ -n "$total" ] || return 0
  [ "$total" -ge 1900 ] || refuse "this machine has $total MiB of memory, and 2 GiB are the least"
  [ "$total" -ge 3800 ] || warn "this machine has $total MiB of memory: 4 GiB are recommended"
}

check_disk() {
  root=$(docker info --format '{{.DockerRootDir}}' 2>/dev/null)
  for place in "$here" "$root"; do
    [ -n "$place" ] && [ -d "$place" ] || continue
    free=$(df -Pk "$place" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }')
    [ -n "$free" ] || continue
    [ "$free" -ge 2048 ] || refuse "$place has $free MiB left on its disk, and 2 GiB are the least"
    [ "$free" -ge 10240 ] || warn "$place has $free MiB left on its disk: 10 GiB are recommended"
  done
}

# Reads the kernel's own table, so that no tool is needed. @returns 0 where somebody listens
listens() {
  hex=$(printf ':%04X' "$1")
  cat "$proc/net/tcp" "$proc/net/tcp6" 2>/dev/null | awk -v port="$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}

check_ports() {
  [ -z "$(docker ps -q --filter label=com.docker.compose.project=tranche --filter label=com.docker.compose.service=caddy 2>/dev/null)" ] || return 0
  for port in "$(value HTTP_PORT)" "$(value HTTPS_PORT)"; do
    case $port in *[!0-9]*) die "HTTP_PORT and HTTPS_PORT of .env are numbers" ;; esac
  done
  http=$(value HTTP_PORT)
  https=$(value HTTPS_PORT)
  for port in "${http:-80}" "${https:-443}"; do
    if listens "$port"; then refuse "port $port is taken by another program of this machine (ss -ltnp says by which)"; fi
  done
}

# Of "Sat, 28 Nov 2026 09:39:32 GMT": date -d would be GNU's alone.
epoch_of() {
  printf '%s\n' "$1" | awk '{
    split($5, t, ":"); m = (index("JanFebMarAprMayJunJulAugSepOctNovDec", $3) + 2) / 3; y = $4; d = $2
    if (m <= 2) y--
    era = int(y / 400); yoe = y - era * 400; mp = (m + 9) % 12; doy = int((153 * mp + 2) / 5) + d - 1
    doe = yoe * 365 + int(yoe / 4) - int(yoe / 100) + doy
    printf "%.0f\n", (era * 146097 + doe - 719468) * 86400 + t[1] * 3600 + t[2] * 60 + t[3]
  }'
}

# Asked of Route 53, which has to be reached anyway, and refuses signatures that are five minutes off.
check_clock() {
  command -v curl >/dev/null || {
    warn "curl is not installed: clock and certificate are not checked"
    return 0
  }
  date_line=$(curl -sI --max-time 10 https://route53.amazonaws.com/ 2>/dev/null | tr -d '\r' | sed -n 's/^[Dd]ate: //p' | head -n 1)
  case $date_line in
    *,\ *\ *\ *\ *:*:*\ GMT) ;;
    *)
      warn "route53.amazonaws.com does not answer from here: the clock is not checked, and no weight could be changed"
      return 0
      ;;
  esac
  skew=$(($(date -u +%s) - $(epoch_of "$date_line")))
  [ "$skew" -ge 0 ] || skew=$((-skew))
  [ "$skew" -lt 60 ] || refuse "the clock of this machine is $skew s off: AWS would refuse its signatures, and tokens would be too old or too new. Set it right (timedatectl set-ntp true)"
  [ "$skew" -le 2 ] || warn "the clock of this machine is $skew s off: let it follow a time server (timedatectl set-ntp true)"
}

check_name() {
  host=$(value TRANCHE_HOST)
  [ "$host" != localhost ] || return 0
  command -v getent >/dev/null || return 0
  getent ahosts "$host" >/dev/null 2>&1 ||
    warn "$host has no address yet: until it leads to this machine, with ports 80 and 443 open, Caddy gets no certificate for it. It tries again by itself"
}

check_machine() {
  step "This machine"
  check_docker
  check_memory
  check_disk
  check_clock
  say "Docker $server, Compose $compose: fine"
}

# --- one at a time, and where it stands ------------------------------------------------------------------------------

locked=no
lock() {
  mkdir -p .state || die "$here/.state could not be made: is the disk full?"
  # It ends with the last of its processes, a call of Docker that goes on behind the back of one that was killed included. Where there is no
  # flock the folder has to do, which two that begin at once may both take from one that was killed.
  if command -v flock >/dev/null; then
    : >>.state/lock.file || die "$here/.state can not be written: is the disk full?"
    exec 9>>.state/lock.file
    flock -n 9 || die "another install.sh, or what one that was killed has begun, is at work: run the same command again when that has ended"
  fi
  if ! mkdir .state/lock 2>/dev/null; then
    other=$(cat .state/lock/pid 2>/dev/null)
    if [ -n "$other" ] && kill -0 "$other" 2>/dev/null; then die "another install.sh is at work (process $other); where that is not so, remove $here/.state/lock"; fi
    # Of one that was killed.
    rm -rf .state/lock
    mkdir .state/lock 2>/dev/null || die "another install.sh has just begun"
  fi
  locked=yes
  echo $$ >.state/lock/pid || die "$here/.state can not be written: is the disk full?"
}

unlock() { [ "$locked" = no ] || rm -rf .state/lock; }
interrupted() {
  printf '\ninterrupted: nothing is lost. Run the same command again: it goes on from there.\n' >&2
  exit 130
}
trap unlock EXIT
trap interrupted INT TERM HUP

# Notes of an upgrade or a restore: one line "name=value" each; whole or not at all.
note() { sed -n "s/^$2=//p" ".state/$1" 2>/dev/null | tail -n 1; }
notes() {
  file=$1
  shift
  printf '%s\n' "$@" >".state/$file.new" && { sync ".state/$file.new" 2>/dev/null || sync; } && mv ".state/$file.new" ".state/$file" || die "$here/.state can not be written: is the disk full? Make room, and run the same command again"
}

# Which sources these are: the commit, where there is one, and whatever else was changed.
source_version() {
  commit=$(git -C .. rev-parse --verify --short=12 HEAD 2>/dev/null) || commit=''
  sum=$(cat ../package-lock.json ../package.json compose.yaml Dockerfile Caddyfile database.sh 2>/dev/null | cksum | tr ' ' '-')
  printf '%s' "${commit:+$commit-}$sum"
}

stamp() { date -u +%Y%m%dT%H%M%SZ; }

# --- steps that several commands take --------------------------------------------------------------------------------

build_images() {
  step "Images"
  dc build --pull || die "the images were not built. Nothing was changed: what runs goes on. Run the same command again"
  dc pull --ignore-buildable --quiet || die "the images of others were not loaded. Nothing was changed: what runs goes on. Run the same command again"
  printf '%s\n' "$1" >.state/built || die "$here/.state can not be written: is the disk full?"
}

# @returns 0 where the images are those of these sources
is_built() { [ "$(cat .state/built 2>/dev/null)" = "$1" ] && docker image inspect tranche/self-hosted:current >/dev/null 2>&1; }

start_postgres() { dc up -d --wait --wait-timeout "$ready_timeout" "$@" postgres || die "PostgreSQL does not start: ./install.sh compose logs postgres. Run the same command again when that is remedied"; }

migrate() {
  step "Migrations"
  dc run --rm --no-deps -T migrate || die "the migrations did not succeed; each is taken whole or not at all, and what ran goes on. Run the same command again when what they say is remedied"
}

# Before what runs is replaced by what could not start: the variables, the schema, and whether the key of .env is that of the database.
check_settings() {
  dc run --rm --no-deps -T api node tranche.js check || refuse "this version does not start with the settings of .env (see above); $1. Set them right, and run the same command again"
}

start_all() {
  step "Start"
  dc up -d --remove-orphans || die "not everything started: ./install.sh compose ps -a, ./install.sh compose logs. Run the same command again when that is remedied"
}

# @returns 0 where each service that answers says so
all_healthy() {
  running=$(docker ps --filter label=com.docker.compose.project=tranche --format '{{.Label "com.docker.compose.service"}} {{.Status}}') || return 1
  waiting=''
  for service in postgres $services caddy; do
    printf '%s\n' "$running" | grep -q "^$service Up .*(healthy)" || waiting="$waiting $service"
  done
  [ -z "$waiting" ]
}

readyz() { dc exec -T api wget -q -T 5 -O - http://127.0.0.1:8080/readyz 2>/dev/null; }

wait_ready() {
  step "Wait until it is ready"
  waited=0
  waiting=' api'
  ready=''
  while :; do
    ready=$(readyz) || ready=''
    case $ready in ok* | degraded*) if all_healthy; then break; fi ;; esac
    [ "$waited" -lt "$ready_timeout" ] || return 1
    sleep "$poll"
    waited=$((waited + poll))
  done
  say "ready: $ready"
}

# From this machine, by the name and the certificate that others will see.
check_outside() {
  command -v curl >/dev/null || return 0
  host=$(value TRANCHE_HOST)
  port=$(value HTTPS_PORT)
  port=${port:-443}
  address=https://$host
  [ "$port" = 443 ] || address=$address:$port
  trust=''
  [ "$host" != localhost ] || trust=-k
  waited=0
  # shellcheck disable=SC2086 # an option or nothing
  until curl $trust -fsS -o /dev/null --max-time 10 --resolve "$host:$port:127.0.0.1" "$address/readyz" 2>/dev/null; do
    if [ "$waited" -ge "${CERTIFICATE_TIMEOUT:-60}" ]; then
      warn "$address has no certificate yet, or does not answer. Its name has to lead to this machine, with ports 80 and 443 open to the world: ./install.sh compose logs caddy says what is missing. It is tried again by itself"
      return 0
    fi
    sleep "$poll"
    waited=$((waited + poll))
  done
  say "$address answers"
}

console_address() {
  port=$(value HTTPS_PORT)
  printf 'https://%s%s/console' "$(value TRANCHE_HOST)" "$([ "${port:-443}" = 443 ] || printf ':%s' "$port")"
}

first_login() {
  [ ! -e .state/first-login ] || return 0
  step "The first login, shown this once"
  # An address that mail reaches, where one was given: a password that is lost can be set anew by mail only.
  address=$(value ACME_EMAIL)
  if dc exec -T api node tranche.js first-admin ${address:+"$address"}; then
    : >.state/first-login
  else
    warn "no first login was made; run ./install.sh again, or: ./install.sh compose exec api node tranche.js first-admin ADDRESS"
  fi
}

unfinished() {
  if [ -e .state/upgrade ]; then die "an upgrade was begun and is not finished: ./install.sh upgrade goes on with it"; fi
  if [ -e .state/restore ]; then die "a restore was begun and is not finished: ./install.sh restore $(note restore file) goes on with it"; fi
}

# --- commands --------------------------------------------------------------------------------------------------------

install() {
  lock
  unfinished
  check_machine
  version=$(source_version)
  installed=$(cat .state/version 2>/dev/null)
  if [ -n "$installed" ] && [ "$installed" != "$version" ]; then die "another version is installed: ./install.sh upgrade makes a backup first, and goes to this one"; fi
  step "Settings and secrets"
  fill_env
  make_folders
  check_ports
  check_name
  is_built "$version" || build_images "$version"
  step "PostgreSQL"
  start_postgres
  migrate
  check_settings "what ran goes on"
  # From here on it is this version that is installed.
  [ "$installed" = "$version" ] || printf '%s\n' "$version" >.state/version || die "$here/.state can not be written: is the disk full?"
  start_all
  wait_ready || die "it is not ready after $ready_timeout s (not healthy:$waiting). ./install.sh compose logs$waiting says why; run ./install.sh again when that is remedied"
  check_outside
  first_login
  step "Installed"
  say "console: $(console_address)"
  say "keep a copy of $here/.env apart from the backups: without its keys a backup can not be read in full"
  say "backups: every night at $(hour=$(value BACKUP_HOUR) && printf '%s' "${hour:-2}"):00 UTC to $here/backups; copy them to another machine"
  say "one machine is one point of view: docs/self-hosted.md, \"A second vantage\", says how to get another"
}

# A newer major version would begin an empty folder beside the data.
check_major() {
  found=$(dc exec -T postgres psql -X -A -t -U tranche -d tranche -c 'show server_version_num' 2>/dev/null) || found=''
  wanted=$(sed -n 's/^ *image: postgres:\([0-9]*\)\..*/\1/p' compose.yaml | head -n 1)
  [ -n "$found" ] && [ -n "$wanted" ] || die "the version of PostgreSQL that runs could not be read: ./install.sh compose ps, ./install.sh compose logs postgres"
  [ "$((found / 10000))" = "$wanted" ] ||
    die "PostgreSQL $((found / 10000)) has the data, and this version of tranche comes with PostgreSQL $wanted. docs/self-hosted.md, \"Another major version of PostgreSQL\", has the steps"
}

upgrade() {
  lock
  [ -f .env ] || die "nothing is installed here (there is no .env): ./install.sh installs it"
  if [ -e .state/restore ]; then die "a restore was begun and is not finished: ./install.sh restore $(note restore file) goes on with it"; fi
  check_machine
  version=$(source_version)
  before=$(cat .state/version 2>/dev/null)
  done_step=''
  dump=''
  if [ -e .state/upgrade ]; then
    if [ "$(note upgrade version)" = "$version" ]; then
      done_step=$(note upgrade step)
      dump=$(note upgrade dump)
      say "an upgrade was interrupted after: ${done_step:-its beginning}. It goes on from there"
    else
      say "an upgrade to another version was interrupted: this one begins anew"
    fi
  fi
  step "Settings and secrets"
  fill_env
  make_folders
  if [ "$done_step" = '' ] || [ ! -f "backups/$dump" ]; then
    step "Backup"
    # As it is: what runs is not replaced before there is a backup.
    start_postgres --no-recreate
    check_major
    dump=before-upgrade-$(stamp).dump
    database once "$dump" || die "no backup was made, and nothing was changed: what runs goes on. Run ./install.sh upgrade again when what it says is remedied"
    done_step=backup
    notes upgrade "version=$version" "from=$before" "dump=$dump" "step=backup"
  fi
  if [ "$done_step" = backup ]; then
    build_images "$version"
    done_step=build
    notes upgrade "version=$version" "from=$before" "dump=$dump" "step=build"
  fi
  if [ "$done_step" = build ]; then
    step "PostgreSQL"
    start_postgres
    migrate
    done_step=migrate
    notes upgrade "version=$version" "from=$before" "dump=$dump" "step=migrate"
  fi
  check_settings "what ran goes on"
  start_all
  wait_ready || die "the new version is not ready after $ready_timeout s (not healthy:$waiting); ./install.sh compose logs$waiting says why. When that is remedied: ./install.sh upgrade. To go back: check the sources of the version before out again (${before:-git log says which}), and put the database of before back: ./install.sh restore backups/$dump --yes"
  printf '%s\n' "$version" >.state/version || die "$here/.state can not be written: is the disk full? Make room, and run ./install.sh upgrade again"
  rm -f .state/upgrade
  check_outside
  # What the new images have replaced, and nobody uses.
  docker image prune -f --filter label=org.opencontainers.image.title=tranche >/dev/null 2>&1
  step "Upgraded"
  say "console: $(console_address)"
  say "the database of before is in $here/backups/$dump; remove it when you are sure"
}

backup() {
  lock
  [ -f .env ] || die "nothing is installed here (there is no .env)"
  check_docker
  make_folders
  start_postgres --no-recreate
  dump=manual-$(stamp).dump
  database once "$dump" || die "no backup was made; what was there is as it was"
  say "$here/backups/$dump has the database. It does not have:"
  say "- $here/.env, with the keys: keep a copy of it elsewhere, apart from the dumps. Without SECRETS_KEY what customers have entrusted can not be opened"
  say "- the archive of cost events (volume tranche_archive, or your bucket)"
  say "copy it to another machine: a backup beside its database goes down with it"
}

# The eight digits by which a seal names its key (src/adapters/platform/secrets.ts).
key_name() {
  if command -v openssl >/dev/null; then
    printf '%s' "$1" | openssl base64 -d -A 2>/dev/null | openssl dgst -sha256 -r | cut -c 1-8
  else
    printf '%s' "$1" | base64 -d 2>/dev/null | sha256sum | cut -c 1-8
  fi
}

# Whether .env opens what is sealed in a database that was loaded, before it takes the place of the other one.
check_seals() {
  sealed=$(database seals tranche_restored) || die "what is sealed in the dump could not be read; nothing was replaced. Run the same command again"
  ours=' '
  for key in $(printf '%s,%s' "$(value SECRETS_KEY)" "$(value SECRETS_KEY_PREVIOUS)" | tr ',' ' '); do ours="$ours$(key_name "$key") "; done
  strange=''
  for name in $sealed; do case $ours in *" $name "*) ;; *) strange="$strange $name" ;; esac done
  if [ -z "$strange" ]; then
    say "the keys of .env open what is sealed in it"
  elif [ "$accept_unreadable" = yes ]; then
    # shellcheck disable=SC2086 # names
    database forget tranche_restored $ours || die "what can not be opened could not be removed; nothing was replaced. Run the same command again"
    warn "credentials that are sealed with key$strange can not be opened with the keys of .env, and are removed: customers enter theirs again (accounts of CDNs, DNS and AWS, channels)"
  else
    database drop tranche_restored
    rm -f .state/restore
    die "wrong key: credentials in this dump are sealed with key$strange, and .env has key(s)$ours(SECRETS_KEY, SECRETS_KEY_PREVIOUS). Nothing was replaced, and no service was started; where an earlier attempt has stopped what ran, ./install.sh compose up -d starts it. Put the SECRETS_KEY of the machine that the dump is from into $here/.env, and run the same command again; where that key is lost, --accept-unreadable restores all the rest, and those credentials have to be entered again"
  fi
}

restore() {
  [ -n "$given" ] || die "which dump? ./install.sh restore backups/NAME.dump"
  lock
  dump_name=$(basename "$given")
  case $dump_name in *[!A-Za-z0-9._-]* | .*) die "the name of a dump is letters, digits, . _ and -: rename $dump_name" ;; esac
  # It was copied there when it was begun.
  if [ ! -f "$given" ] && [ "$(note restore file)" = "backups/$dump_name" ]; then given=backups/$dump_name; fi
  [ -f "$given" ] || die "there is no file $given"
  if [ -e .state/upgrade ]; then say "an upgrade was begun and is not finished: it ends with this"; fi
  [ -f .env ] || die "there is no .env: a restore needs that of the machine which the dump is from, whose SECRETS_KEY opens what is sealed in it. Put it to $here/.env"
  for name in $bound; do [ -n "$(value "$name")" ] || die ".env lacks $name: a restore needs the .env of the machine which the dump is from"; done
  check_machine
  fill_env
  make_folders
  copied=no
  if [ "$(readlink -f "$given")" != "$here/backups/$dump_name" ]; then
    # Two installations have the same names for their nights.
    if [ -e "backups/$dump_name" ] && ! cmp -s "$given" "backups/$dump_name"; then die "backups/ has another dump of that name: rename $given. Nothing was changed"; fi
    # Its age stays: it is no backup of tonight.
    cp -p "$given" "backups/$dump_name.part" && chmod 600 "backups/$dump_name.part" || die "$given could not be copied to backups/: is the disk full? Nothing was changed"
    [ "$(id -u)" -ne 0 ] || chown "$(value BACKUP_USER)" "backups/$dump_name.part"
    copied=yes
  fi
  version=$(source_version)
  is_built "$version" || build_images "$version"
  step "The dump"
  start_postgres --no-recreate
  part=$([ "$copied" = no ] || echo .part)
  if ! database verify "$dump_name$part"; then
    [ "$copied" = no ] || rm -f "backups/$dump_name.part"
    die "$given can not be restored: it is cut or damaged, or of a newer PostgreSQL. Nothing was changed"
  fi
  [ "$copied" = no ] || mv "backups/$dump_name.part" "backups/$dump_name" || die "$here/backups can not be written: is the disk full? Nothing was changed"
  sum=$(cksum <"backups/$dump_name") || die "backups/$dump_name can not be read. Nothing was changed"
  # What was begun with this very dump, whatever it is called by now: its name for the database of before, which is there where the swap has happened.
  old=''
  [ "$(note restore sum)" != "$sum" ] || old=$(note restore old)
  there=$(database tables tranche) || die "the database could not be asked. Nothing was changed"
  if [ "$there" != 0 ] && [ "$yes" != yes ] && [ -z "$old" ]; then
    [ -t 0 ] || die "there is a database in use, which the dump would replace (it would be kept under another name): say so with --yes"
    printf 'The database in use is replaced, and kept under another name. Go on? (yes/no) '
    read -r answer || answer=no
    [ "$answer" = yes ] || die "nothing was changed"
  fi
  swapped=no
  if [ -n "$old" ]; then swapped=$(database has "$old") || die "the database could not be asked. Nothing was changed"; fi
  if [ "$swapped" = yes ]; then
    say "$dump_name took the place of the other database before the interruption, and is not loaded again"
  else
    # One name for all attempts: whoever swaps, a call that goes on behind our back as well, keeps the database of before under it, and once.
    [ -n "$old" ] || old=tranche_before_$(date -u +%Y%m%d%H%M%S)
    notes restore "file=backups/$dump_name" "sum=$sum" "old=$old"
    step "Load it beside"
    database load "$dump_name" tranche_restored || die "the dump was not loaded. Run the same command again when what it says is remedied"
    check_seals
    step "Put it in the place of the other"
    # shellcheck disable=SC2086 # names
    dc stop $services backup || die "the services could not be stopped, and nothing was replaced. Run the same command again"
    database swap tranche_restored "$old" || die "this call replaced nothing. Run the same command again, or start what was there: ./install.sh compose up -d"
  fi
  kept=$(database kept) || die "the dump has taken the place of the other database, and the server could not be asked. Run the same command again"
  migrate
  check_settings "the database is restored, and no service runs"
  start_all
  wait_ready || die "it is not ready after $ready_timeout s (not healthy:$waiting). ./install.sh compose logs$waiting says why; run the same command again when that is remedied"
  printf '%s\n' "$version" >.state/version || die "$here/.state can not be written: is the disk full? Everything runs; make room, and run the same command again"
  rm -f .state/restore .state/upgrade
  # The accounts are those of the dump.
  : >.state/first-login
  check_outside
  step "Restored"
  say "console: $(console_address)"
  for one in $kept; do say "the database of before is kept as $one; when you are sure: ./install.sh compose exec postgres dropdb -U tranche $one"; done
}

status() {
  [ -f .env ] || die "nothing is installed here (there is no .env)"
  check_docker
  bad=no
  say "version: $(cat .state/version 2>/dev/null || echo none)"
  for what in upgrade restore; do
    if [ -e ".state/$what" ]; then
      bad=yes
      say "$what: begun and not finished; ./install.sh $what $(note "$what" file) goes on with it"
    fi
  done
  for name in TRANCHE_HOST $hex_secrets $base64_secrets; do
    if [ -z "$(value "$name")" ]; then
      bad=yes
      say ".env: lacks $name"
    fi
  done
  ready=$(readyz) || ready=''
  case $ready in ok*) ;; *) bad=yes ;; esac
  say "ready: ${ready:-no}"
  if all_healthy; then say "containers: all healthy"; else
    bad=yes
    say "containers: not healthy:$waiting"
  fi
  newest=$(find backups -name '*.dump' -mmin -2160 2>/dev/null | sort | tail -n 1)
  if [ -n "$newest" ]; then say "backup: $newest"; else
    bad=yes
    say "backup: none of the last 36 hours"
  fi
  say "console: $(console_address)"
  [ "$bad" = no ]
}

uninstall() {
  lock
  check_docker
  # Variables that are missing must not keep anybody from stopping it.
  if [ -f .env ]; then
    dc --profile '*' down --remove-orphans || die "not everything was stopped; run ./install.sh uninstall again"
  else
    ids=$(docker ps -aq --filter label=com.docker.compose.project=tranche)
    # shellcheck disable=SC2086 # ids
    [ -z "$ids" ] || docker rm -f $ids >/dev/null || die "not everything was stopped; run ./install.sh uninstall again"
  fi
  step "Stopped. All data is kept"
  say "database: volume tranche_postgres; archive: volume tranche_archive; certificates: volume tranche_caddy"
  say "dumps: $here/backups; settings and keys: $here/.env"
  say "./install.sh starts it again. To remove the data for good:"
  say "  docker volume rm tranche_postgres tranche_archive tranche_caddy && rm -rf '$here/backups' '$here/minio' '$here/certs' '$here/.state' '$here/.env'"
}

# --- what was asked for ----------------------------------------------------------------------------------------------

force=no
yes=no
accept_unreadable=no
with_minio=no
wanted_email=''
given=''
command=install
case ${1:-} in
  '' | --*) ;;
  *)
    command=$1
    shift
    ;;
esac
if [ "$command" = compose ]; then
  dc "$@"
  exit $?
fi
while [ "$#" -gt 0 ]; do
  case $command:$1 in
    *:--help) command=help ;;
    *:--force) force=yes ;;
    install:--host)
      wanted_host=${2:-}
      checked_host "$wanted_host"
      shift
      ;;
    install:--email)
      wanted_email=${2:-}
      case $wanted_email in *[!A-Za-z0-9.@_+-]* | '' | @* | *@) die "--email is an address such as ops@example.com" ;; *@*) ;; *) die "--email is an address such as ops@example.com" ;; esac
      shift
      ;;
    install:--minio) with_minio=yes ;;
    restore:--yes) yes=yes ;;
    restore:--accept-unreadable) accept_unreadable=yes ;;
    restore:[!-]*)
      [ -z "$given" ] || die "one dump, please"
      given=$1
      ;;
    *) die "$command does not take $1: ./install.sh help" ;;
  esac
  shift
done
case $command in
  install | upgrade | backup | restore | status | uninstall) "$command" ;;
  help) usage ;;
  *) die "there is no $command: ./install.sh help" ;;
esac
