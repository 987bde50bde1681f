/** What the secret of a cost account is bound to: with another customer or key it does not open. */
export const costSealingContext = (customerId: number, accessKeyId: string): string => `cost-account:${customerId}:${accessKeyId}`;
