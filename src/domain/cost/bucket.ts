/**
 * What is wrong with the name of a bucket (S3 user guide, "General purpose bucket naming rules"), to complete "... X"; null: nothing. It
 * becomes a part of a host's name, so that nothing else may pass.
 */
export const bucketFault = (name: string): string | null => {
  if (!/^[a-z\d][a-z\d.-]{1,61}[a-z\d]$/.test(name)) return "must be 3 to 63 of a-z, 0-9, . and -, a letter or digit at both ends";
  if (name.includes("..") || /^\d+(?:\.\d+){3}$/.test(name)) return "must not have two dots in a row, nor look like an address";
  return null;
};
