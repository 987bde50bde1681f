import { startAxis } from "./axis.ts";
import { startLive } from "./live.ts";

startLive();
startAxis();
