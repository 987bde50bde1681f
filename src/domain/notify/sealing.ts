/** What a channel's secret is bound to: opened for somebody else's channel it is refused. @param customerId null: the operator's */
export const channelSealingContext = (customerId: number | null): string => `channel:${customerId ?? "operator"}`;
