// SPDX-License-Identifier: MIT

using Microsoft.Data.Sqlite;

namespace Kvmsys.Monitor.Sqlite;

/// <summary>Statements whose text is a constant and whose values are parameters.</summary>
internal static class SqliteText
{
    /// <summary>A statement, in the transaction that there is.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="sql">Its text: never made of what somebody has sent.</param>
    /// <param name="parameters">Its values; null is NULL.</param>
    public static SqliteCommand Statement(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Every text is a constant of its caller's.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach ((string name, object? value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    /// <summary>Executes a statement.</summary>
    /// <returns>How many rows it has changed.</returns>
    public static int Execute(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = connection.Statement(sql, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>The first column of a statement's first row; null where there is none, or nothing in it.</summary>
    public static object? Scalar(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = connection.Statement(sql, parameters);
        return command.ExecuteScalar() is object value and not DBNull ? value : null;
    }

    /// <summary>The rows of a statement.</summary>
    public static List<T> Rows<T>(this SqliteConnection connection, string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using SqliteCommand command = connection.Statement(sql, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        List<T> rows = [];
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
