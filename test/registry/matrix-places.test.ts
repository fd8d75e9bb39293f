import { scopes, tokenFaults } from "./matrix/logins.ts";
import { places } from "./matrix/places.ts";
import { playRows } from "./matrix/runner.ts";

playRows("answers that send elsewhere", places);
playRows("faults of the token service", tokenFaults);
playRows("rights that are missing", scopes);
