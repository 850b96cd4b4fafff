/** An open console page, as far as the server sees one: it follows the events and asks for the charts. */
const [admin = ""] = process.argv.slice(2);
setInterval(() => void fetch(`${admin}api/series?step=second`).then((answer) => answer.bytes()), 1000);
export const response = await fetch(`${admin}api/events`);
for await (const _chunk of response.body ?? []);
