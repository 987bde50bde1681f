/** Prints how a command is used, and ends, where it was asked for with --help or -h. To be called before anything is done. */
export const answerHelp = (usage: string, args: readonly string[] = process.argv.slice(2)): void => {
  if (!args.includes("--help") && !args.includes("-h")) return;
  process.stdout.write(`${usage.trim()}\n`);
  process.exit(0);
};
