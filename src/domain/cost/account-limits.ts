/** AWS accounts and regions of one cost account; each pair of them is a listing every five minutes. */
export const mostAwsAccounts = 50;
export const mostRegions = 40;
export const mostPairs = 200;
