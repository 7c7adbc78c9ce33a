// The extracted values, each with a link to its place on the page.
import { percent } from "./format.js";
import { elementId, goTo, linkHandlers, useIsHighlighted } from "./link.js";
import { cells, type Cell } from "./places.js";
import { documentFailure, extraction, schemaRejection } from "./state.js";

export function FieldsPanel() {
  if (documentFailure.value) return null;
  if (!extraction.value && schemaRejection.value) {
    const { title, help } = schemaRejection.value.failure;
    return (
      <p class="note">
        No fields yet. {title}. {help}
      </p>
    );
  }
  if (!extraction.value?.result) return null;
  const { values, tables } = cells.value;
  return (
    <section class="found" aria-labelledby="found-title">
      <h2 id="found-title">Fields found</h2>
      {schemaRejection.value && (
        <p class="note">These are from before the last change. {schemaRejection.value.failure.title}.</p>
      )}
      {values.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Value</th>
              <th scope="col" class="end">
                Sure
              </th>
            </tr>
          </thead>
          <tbody>
            {values.map((cell) => (
              <Row key={cell.key} cell={cell} />
            ))}
          </tbody>
        </table>
      )}
      {tables.map(({ table, rows }) =>
        rows.length === 0 ? (
          <p class="quiet" key={table}>
            No rows of {table}.
          </p>
        ) : (
          <div class="wide" key={table} role="region" aria-label={table} tabIndex={0}>
            <table>
              <caption>{table}</caption>
              <thead>
                <tr>
                  {rows[0]!.map(({ value }) => (
                    <th scope="col" key={value.field}>
                      {value.field}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {rows.map((row, index) => (
                  <tr key={index}>
                    {row.map((cell) => (
                      <td key={cell.key}>
                        <Content cell={cell} />
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ),
      )}
    </section>
  );
}

function Row({ cell }: { cell: Cell }) {
  const isHighlighted = useIsHighlighted(cell.key);
  return (
    <tr class={isHighlighted ? "lit" : ""}>
      <th scope="row">{cell.value.field}</th>
      <td>
        <Content cell={cell} />
      </td>
      <td class="end">{cell.value.value === null ? "" : percent(cell.value.confidence)}</td>
    </tr>
  );
}

function Content({ cell: { key, value } }: { cell: Cell }) {
  const isHighlighted = useIsHighlighted(key);
  if (value.value === null) return <span class="quiet">not found</span>;
  if (!value.citation) {
    return (
      <>
        {value.value} <small class="quiet">{value.origin === "embedded" ? "from embedded data" : ""}</small>
      </>
    );
  }
  return (
    <button
      type="button"
      id={elementId("answer", key)}
      class={`link ${isHighlighted ? "lit" : ""}`}
      title={`Page ${value.citation.page}: ${value.text}`}
      onClick={() => goTo("page", key)}
      {...linkHandlers(key)}
    >
      {value.value}
    </button>
  );
}
