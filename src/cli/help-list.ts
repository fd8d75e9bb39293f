/** The topics of `berth help`, as every help text lists them; their texts are loaded when somebody asks. */

export const topicList = {
  keys: "what an image's key covers, and what it does not",
  references: "how later jobs name their image",
  tags: "the tags that berth writes, and which of them move",
  variables: "the variables that berth reads",
  "exit-codes": "exit codes, and the error codes that end with each",
  trust: "whose images a pipeline believes",
  refresh: "building again under the same key",
  prune: "what is kept in the registry, and for how long",
} as const;

export type TopicName = keyof typeof topicList;

/** The topics with what each is about, a line for each. */
export function listTopics(): string {
  const lines = Object.entries(topicList).map(
    ([name, summary]) => `  ${name.padEnd(12)}${summary}\n`,
  );
  return `\nTopics (berth help TOPIC):\n${lines.join("")}`;
}
