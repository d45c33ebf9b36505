// SPDX-License-Identifier: MIT

using System.Data.Common;
using System.Text;

namespace Kvmsys.Monitor.Sql;

/// <summary>Statements whose text is a constant and whose values are parameters.</summary>
internal static class SqlText
{
    /// <summary>A statement, in the transaction that there is.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="sql">Its text: never made of what somebody has sent.</param>
    /// <param name="parameters">Its values; null is NULL.</param>
    public static DbCommand Statement(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        DbCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Every text is a constant of its caller's.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach ((string name, object? value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value is string text ? Storable(text) : value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>Executes a statement.</summary>
    /// <returns>How many rows it has changed.</returns>
    public static int Execute(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using DbCommand command = connection.Statement(sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>The first column of a statement's first row; null where there is none, or nothing in it.</summary>
    public static object? Scalar(this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using DbCommand command = connection.Statement(sql, parameters);
        return command.ExecuteScalar() is object value and not DBNull ? value : null;
    }

    /// <summary>The rows of a statement.</summary>
    public static List<T> Rows<T>(this DbConnection connection, string sql, Func<DbDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using DbCommand command = connection.Statement(sql, parameters);
        using DbDataReader reader = command.ExecuteReader();
        List<T> rows = [];
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>A text as every database can keep it: what is no character, and NUL, which PostgreSQL has no place for, become U+FFFD.</summary>
    private static string Storable(string text) => text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF') || text.Contains('\0', StringComparison.Ordinal)
        ? string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? Rune.ReplacementChar : rune))
        : text;
}
