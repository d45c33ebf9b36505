// SPDX-License-Identifier: MIT

using System.Data.Common;
using Kvmsys.Monitor.Daemon.Jobs;
using Kvmsys.Monitor.Daemon.Store;
using Kvmsys.Monitor.Farm.Protocol;
using Kvmsys.Monitor.Sql;

namespace Kvmsys.Monitor.Farm.Agent;

/// <summary>
/// The farm's jobs that this host was given, in the database of its own jobs: the spool. What a method has returned from is on the disk, and a result
/// stays there until the farm has it, whoever is away meanwhile.
/// </summary>
/// <param name="jobs">The host's jobs.</param>
internal sealed class AssignmentStore(JobStore jobs)
{
    private const string Columns = "id, farm, farm_job, job, max_attempts, run, delivery, reply, started_told";

    /// <summary>Those of which the farm does not know the end.</summary>
    public IReadOnlyList<Assignment> Open() => jobs.Read(connection => connection.Rows($"SELECT {Columns} FROM assignment WHERE answered = 0 ORDER BY id", ReadAssignment));

    /// <summary>Takes a job of the farm. One that is under way here, or done, is not made again: its new delivery is what will be answered.</summary>
    /// <param name="job">The job.</param>
    /// <param name="request">What is to be done.</param>
    /// <param name="delivery">How often it was delivered.</param>
    /// <param name="reply">Where to answer.</param>
    /// <returns>Whether there is something to do.</returns>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public bool Take(FarmJob job, JobRequest request, int delivery, string reply)
    {
        // Each delivery is one attempt; whether there is another one, the farm decides.
        Func<List<JobEvent>, (Job Job, bool IsNew)?> submission = jobs.Submission(
            request with { MaxAttempts = 1, DeadlineSeconds = job.DeadlineSeconds }, $"farm job {job.Job}", null, job.DeadlineSeconds, 1, int.MaxValue);
        return jobs.Write((connection, events) =>
        {
            if (connection.Rows(
                $"SELECT {Columns} FROM assignment WHERE farm = @farm AND farm_job = @job ORDER BY id DESC LIMIT 1", ReadAssignment, ("@farm", job.Farm), ("@job", job.Job)) is [Assignment before]
                && JobStore.FindIn(connection, before.Job) is Job own && (!own.HasEnded || own.State == JobState.Done))
            {
                connection.Execute(
                    "UPDATE assignment SET delivery = @delivery, reply = @reply, answered = 0 WHERE id = @id", ("@delivery", delivery), ("@reply", reply), ("@id", before.Id));
                return !own.HasEnded;
            }

            connection.Execute(
                """
                INSERT INTO assignment (farm, farm_job, job, max_attempts, run, delivery, reply) VALUES (@farm, @farmJob, @job, @most, @run, @delivery, @reply)
                """,
                ("@farm", job.Farm),
                ("@farmJob", job.Job),
                ("@job", submission(events)!.Value.Job.Id),
                ("@most", job.MaxAttempts),
                ("@run", Guid.CreateVersion7().ToString("N")),
                ("@delivery", delivery),
                ("@reply", reply));
            return true;
        });
    }

    /// <summary>Notes that the farm knows that one has begun.</summary>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public void NoteStarted(Assignment assignment) => jobs.Write((connection, _) => connection.Execute("UPDATE assignment SET started_told = 1 WHERE id = @id", ("@id", assignment.Id)));

    /// <summary>Notes that the farm knows what has become of one. A delivery that came meanwhile is still to be answered.</summary>
    /// <exception cref="StoreFullException">There is no room.</exception>
    public void NoteAnswered(Assignment assignment) => jobs.Write((connection, _) => connection.Execute(
        "UPDATE assignment SET answered = 1 WHERE id = @id AND reply = @reply", ("@id", assignment.Id), ("@reply", assignment.Reply)));

    private static Assignment ReadAssignment(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3), row.GetInt32(4), row.GetString(5), row.GetInt32(6), row.GetString(7), row.GetInt64(8) != 0);
}
