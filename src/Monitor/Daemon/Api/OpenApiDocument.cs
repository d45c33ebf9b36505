// SPDX-License-Identifier: MIT

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Kvmsys.Monitor.Daemon.Access;

namespace Kvmsys.Monitor.Daemon.Api;

/// <summary>The description of the daemon's interface (OpenAPI 3.1), made of its routes and of the types that they read and write.</summary>
internal static partial class OpenApiDocument
{
    /// <summary>The description as JSON.</summary>
    public static byte[] Of(IReadOnlyList<ApiRoute> routes)
    {
        JsonObject paths = [];
        foreach (IGrouping<string, ApiRoute> path in routes.GroupBy(route => route.Pattern))
        {
            JsonObject operations = [];
            foreach (ApiRoute route in path)
            {
                operations[route.Method.ToLowerInvariant()] = OperationOf(route);
            }

            paths[path.Key] = operations;
        }

        JsonObject document = new()
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "kvmsys daemon",
                ["version"] = "1",
                ["description"] = "What entering a kernel costs on this host: jobs, results and series.",
            },
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["securitySchemes"] = new JsonObject { ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" } },
                ["schemas"] = new JsonObject { [nameof(Problem)] = SchemaOf(DaemonJson.Default.Problem) },
            },
        };
        return JsonSerializer.SerializeToUtf8Bytes(document, DaemonJson.Default.JsonObject);
    }

    private static JsonObject OperationOf(ApiRoute route)
    {
        JsonNode[] parameters =
        [
            .. Placeholder().Matches(route.Pattern).Select(match => Parameter(match.Groups[1].Value, "path", null, match.Groups[1].Value is "name" or "file" ? "string" : "integer")),
            .. route.Query.Select(query => Parameter(query.Name, "query", query.Meaning, query.Name is "limit" or "days" or "before" or "after" ? "integer" : "string")),
        ];
        JsonObject responses = [];
        foreach (int status in route.Statuses.Concat(route.Scope == Scope.None ? [] : [401, 403, 429]).Distinct())
        {
            responses[status.ToString(CultureInfo.InvariantCulture)] = ResponseOf(status, route.Answer);
        }

        JsonObject operation = new()
        {
            ["summary"] = route.Summary,
            ["parameters"] = new JsonArray(parameters),
            ["responses"] = responses,
            ["x-scope"] = route.Scope.ToString().ToLowerInvariant(),
        };
        if (route.Scope != Scope.None)
        {
            operation["security"] = new JsonArray((JsonNode)new JsonObject { ["token"] = new JsonArray() });
        }

        if (route.Body is JsonTypeInfo body)
        {
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content("application/json", SchemaOf(body)) };
        }

        return operation;
    }

    private static JsonObject ResponseOf(int status, JsonTypeInfo? answer)
    {
        const int firstError = 400;
        JsonObject response = new() { ["description"] = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status) };
        if (status >= firstError)
        {
            response["content"] = Content("application/problem+json", new JsonObject { ["$ref"] = $"#/components/schemas/{nameof(Problem)}" });
        }
        else if (answer is not null)
        {
            response["content"] = Content("application/json", SchemaOf(answer));
        }

        return response;
    }

    private static JsonObject Content(string type, JsonNode schema) => new() { [type] = new JsonObject { ["schema"] = schema } };

    private static JsonNode SchemaOf(JsonTypeInfo type) => type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });

    private static JsonObject Parameter(string name, string place, string? meaning, string type)
    {
        JsonObject parameter = new() { ["name"] = name, ["in"] = place, ["required"] = place == "path", ["schema"] = new JsonObject { ["type"] = type } };
        if (meaning is not null)
        {
            parameter["description"] = meaning;
        }

        return parameter;
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Placeholder();
}
