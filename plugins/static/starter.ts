/** What `init --source static` begins with. */
export const starter = {
  table: `plugin = "static"            # for rehearsals
players = { "12001" = "30" }`,
  nextSteps: [],
};
