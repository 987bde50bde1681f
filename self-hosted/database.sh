#!/bin/sh
# Dumps of the database, and their way back. It runs in the container `backup` of compose.yaml, whose image has PostgreSQL's own programs;
# install.sh calls it for a backup by hand and for a restore. PGHOST, PGUSER, PGDATABASE and PGPASSWORD say where the database is.
#
#   nightly             a dump every night at BACKUP_HOUR (UTC), until it is stopped
#   once NAME           a dump now, read back before it gets its name; prints its size
#   verify NAME         reads a whole dump, and fails where it is cut or damaged
#   recent              fails where the newest dump of the nights is older than 36 hours
#   load NAME DATABASE  restores a dump into a new database of that name
#   seals DATABASE      the names of the keys that its secrets are sealed with, one a line
#   forget DATABASE KEY...
#                       deletes the credentials that none of these keys opens; they are entered again
#   has DATABASE        yes or no
#   kept                the names of the databases that others have replaced, one a line
#   tables DATABASE     how many tables it has, 0 where there is no such database
#   swap NEW OLD        gives the database in use the name OLD, and NEW its place, both or neither
#   drop DATABASE       drops one that `load` has begun
set -u
umask 077

folder=${BACKUP_FOLDER:-/backups}
kept=${BACKUPS_KEPT:-14}
hour=${BACKUP_HOUR:-2}

say() { printf '%s\n' "$*"; }
die() {
  printf 'database: %s\n' "$*" >&2
  exit 1
}

# A name of a file in the folder, which leads nowhere else.
checked_name() {
  case $1 in
    '' | .* | *[!A-Za-z0-9._-]*) die "the name of a dump is letters, digits, . _ and -" ;;
  esac
}

checked_database() {
  case $1 in
    '' | [!a-z]* | *[!a-z0-9_]*) die "the name of a database is a-z, 0-9 and _" ;;
  esac
}

# Of the server itself: from a database that always is there. No file of the user's is read.
ask() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d "${ask_in:-postgres}" "$@"; }

# Every block is read and every row is written out: a cut or damaged file does not pass.
read_back() { pg_restore -f /dev/null "$1"; }

once() {
  checked_name "$1"
  part="$folder/.$1.part"
  # The rest of others that were interrupted; a younger one may be under way.
  find "$folder" -name '.*.part' -mmin +1440 -exec rm -f {} + 2>/dev/null
  rm -f "$part"
  if ! pg_dump -Fc --lock-wait-timeout=60s -f "$part"; then
    rm -f "$part"
    die "no dump was made; what was there before is as it was"
  fi
  if ! read_back "$part"; then
    rm -f "$part"
    die "the dump could not be read back, and is not kept"
  fi
  # A power cut must not leave a name without its content.
  sync "$part" 2>/dev/null || sync
  mv "$part" "$folder/$1" || die "$folder/$1 could not be given its name"
  say "$1: $(wc -c <"$folder/$1" | tr -d ' ') bytes, read back"
}

# Only dumps of the nights are counted and removed, the oldest first: those by hand are somebody's.
prune() {
  count=0
  # shellcheck disable=SC2012 # the names are ours: digits and letters only
  ls -1r "$folder" 2>/dev/null | while read -r name; do
    case $name in
      nightly-*.dump) ;;
      *) continue ;;
    esac
    count=$((count + 1))
    if [ "$count" -gt "$kept" ]; then rm -f "$folder/$name" && say "$name: removed, $kept newer ones are kept"; fi
  done
}

# Seconds until the next full BACKUP_HOUR, UTC.
until_next() {
  left=$((hour * 3600 - $(date -u +%s) % 86400))
  [ "$left" -gt 0 ] || left=$((left + 86400))
  say "$left"
}

nightly() {
  case $kept in '' | *[!0-9]* | 0) die "BACKUPS_KEPT is a number, 1 or more" ;; esac
  case $hour in [0-9] | 1[0-9] | 2[0-3]) ;; *) die "BACKUP_HOUR is an hour of the day in UTC, 0 to 23" ;; esac
  trap 'exit 0' TERM INT
  while :; do
    wait_for=$(until_next)
    say "the next dump is made in $wait_for s"
    # In the background, so that a signal ends the wait at once.
    sleep "$wait_for" &
    wait $!
    # A night that fails removes nothing, and the next one tries again.
    if (once "nightly-$(date -u +%Y%m%dT%H%M%SZ).dump"); then prune; else say "this night has no dump"; fi
  done
}

recent() {
  found=$(find "$folder" -name 'nightly-*.dump' -mmin -2160 2>/dev/null | head -n 1)
  [ -n "$found" ] || die "no dump of the last 36 hours"
}

# A server that can not be asked has not said no.
exists() {
  found=$(ask -c "select count(*) from pg_database where datname = '$1'") || die "the server could not be asked for $1"
  [ "$found" = 1 ]
}

load() {
  checked_name "$1"
  checked_database "$2"
  file="$folder/$1"
  [ -f "$file" ] || die "there is no $1 in the folder of backups"
  # Grants in the dump name the role of the application, which a new server does not have yet.
  ask -c "do \$\$ begin create role tranche_app nologin; exception when duplicate_object then null; end \$\$" || die "the role tranche_app could not be made"
  # The rest of one that was interrupted.
  ask -c "drop database if exists $2 with (force)" || die "$2 could not be dropped"
  ask -c "create database $2 template template0" || die "$2 could not be made"
  if ! pg_restore --exit-on-error --no-owner -d "$2" "$file"; then
    ask -c "drop database if exists $2 with (force)"
    die "the dump could not be restored; nothing was replaced"
  fi
  say "$1 is in $2"
}

# Runs a statement for each column of secrets, %1$I of the table %2$I. They are found by their name, so that a table of a later version counts as
# well. What was deleted may be sealed with a key that is gone.
for_seals() {
  ask -v "form=$1" <<'SQL'
select format(:'form', c.column_name, c.table_name)
from information_schema.columns c join information_schema.columns d using (table_schema, table_name)
where c.table_schema = 'public' and c.column_name like 'sealed%' and c.data_type = 'text' and d.column_name = 'deleted_at'
\gexec
SQL
}

seals() {
  checked_database "$1"
  ask_in=$1
  for_seals "select split_part(%1\$I, '.', 2) from %2\$I where deleted_at is null and %1\$I is not null" | sort -u
}

forget() {
  checked_database "$1"
  ask_in=$1
  shift
  keys="''"
  for key in "$@"; do
    case $key in *[!0-9a-f]*) die "the name of a key is eight digits" ;; esac
    keys="$keys,'$key'"
  done
  for_seals "update %2\$I set deleted_at = now() where deleted_at is null and split_part(%1\$I, '.', 2) not in ($keys)"
}

has() {
  checked_database "$1"
  if exists "$1"; then say yes; else say no; fi
}

# One that was empty, as on a new machine, is nothing that anybody kept.
kept() {
  names=$(ask -c "select datname from pg_database where datname ~ '^tranche_before_[0-9]+\$' order by 1") || die "the server could not be asked"
  for one in $names; do
    found=$(tables "$one") || exit 1
    [ "$found" = 0 ] || say "$one"
  done
}

tables() {
  checked_database "$1"
  if ! exists "$1"; then
    say 0
    return
  fi
  ask_in=$1
  ask -c "select count(*) from information_schema.tables where table_schema = 'public'"
}

# In one transaction, and nobody may come back in between.
swap() {
  checked_database "$1"
  checked_database "$2"
  used=${PGDATABASE:-tranche}
  exists "$1" || die "there is no database $1"
  ask -c "select pg_terminate_backend(pid) from pg_stat_activity where datname in ('$used', '$1')" >/dev/null || die "sessions could not be ended"
  if exists "$used"; then
    ask -c "begin" -c "alter database $used rename to $2" -c "alter database $1 rename to $used" -c "commit" || die "nothing was replaced; where somebody is connected to $used, that has to end"
  else
    ask -c "alter database $1 rename to $used" || die "nothing was replaced"
  fi
  say "$used is what was restored"
}

drop() {
  checked_database "$1"
  [ "$1" != "${PGDATABASE:-tranche}" ] || die "$1 is in use"
  ask -c "drop database if exists $1 with (force)"
}

command=${1:-}
[ "$#" -eq 0 ] || shift
case $command in
  nightly | recent | kept) "$command" ;;
  once | seals | has | tables | drop)
    [ "$#" -eq 1 ] || die "$command takes one argument"
    "$command" "$1"
    ;;
  verify)
    [ "$#" -eq 1 ] || die "verify takes one argument"
    checked_name "$1"
    [ -f "$folder/$1" ] || die "there is no $1 in the folder of backups"
    read_back "$folder/$1" || die "$1 is cut or damaged"
    say "$1 is whole"
    ;;
  forget)
    [ "$#" -ge 1 ] || die "forget takes a database and keys"
    forget "$@"
    ;;
  load | swap)
    [ "$#" -eq 2 ] || die "$command takes two arguments"
    "$command" "$1" "$2"
    ;;
  *) die "what? nightly, once, verify, recent, load, seals, forget, has, kept, tables, swap or drop" ;;
esac
