using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OciRun.Tests.Errors;

/// <summary>What the parameters of a method stand for in one of its calls.</summary>
internal sealed class FaultScope
{
    private readonly Dictionary<ISymbol, (ExpressionSyntax? Value, FaultScope Outer)> _values = new(SymbolEqualityComparer.Default);

    public static FaultScope Empty { get; } = new();

    public static FaultScope Bind(IMethodSymbol method, ArgumentListSyntax arguments, FaultScope outer)
    {
        FaultScope scope = new();
        foreach (IParameterSymbol parameter in method.Parameters)
        {
            ArgumentSyntax? given = arguments.Arguments.FirstOrDefault(argument => argument.NameColon?.Name.ToString() == parameter.Name);
            if (given is null && parameter.Ordinal < arguments.Arguments.Count && arguments.Arguments[parameter.Ordinal].NameColon is null)
                given = arguments.Arguments[parameter.Ordinal];
            if (given is not null || parameter.HasExplicitDefaultValue)
                scope._values[parameter] = (given?.Expression, outer);
        }

        return scope;
    }

    public bool TryFind(ISymbol parameter, out ExpressionSyntax? value, out FaultScope outer)
    {
        bool found = _values.TryGetValue(parameter, out (ExpressionSyntax? Value, FaultScope Outer) entry);
        value = entry.Value;
        outer = entry.Outer ?? Empty;
        return found;
    }
}

/// <summary>The texts that an expression can have, as far as the sources tell; what they do not tell stands in angle brackets.</summary>
internal sealed class FaultTexts(CSharpCompilation compilation)
{
    private const int MostTexts = 200;
    private const int Deepest = 8;

    /// <summary>All texts; a null stands for none.</summary>
    public IReadOnlyList<string?> Of(ExpressionSyntax expression, FaultScope scope) => [.. Texts(expression, scope, Deepest).Distinct(StringComparer.Ordinal).Take(MostTexts)];

    /// <summary>The method around a place.</summary>
    public IMethodSymbol? Method(SyntaxNode place)
    {
        SemanticModel model = compilation.GetSemanticModel(place.SyntaxTree);
        for (SyntaxNode? node = place.Parent; node is not null; node = node.Parent)
        {
            if (node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax)
                return model.GetDeclaredSymbol(node) as IMethodSymbol;
        }

        return null;
    }

    /// <summary>Whether the expression itself, not what it fills in, is a parameter of the method.</summary>
    public bool HasFreeText(ExpressionSyntax expression, IMethodSymbol method)
    {
        SemanticModel model = compilation.GetSemanticModel(expression.SyntaxTree);
        return expression.DescendantNodesAndSelf(node => node is not InterpolationSyntax and not InvocationExpressionSyntax and not MemberAccessExpressionSyntax)
            .OfType<IdentifierNameSyntax>().Any(name =>
                model.GetSymbolInfo(name).Symbol is IParameterSymbol { Type.SpecialType: SpecialType.System_String } parameter
                && SymbolEqualityComparer.Default.Equals(parameter.ContainingSymbol, method));
    }

    private IEnumerable<string?> Texts(ExpressionSyntax expression, FaultScope scope, int depth)
    {
        if (depth == 0)
            return [Placeholder(expression)];
        SemanticModel model = compilation.GetSemanticModel(expression.SyntaxTree);
        if (model.GetConstantValue(expression) is { HasValue: true } constant)
            return [constant.Value?.ToString()];
        return expression switch
        {
            ParenthesizedExpressionSyntax inner => Texts(inner.Expression, scope, depth),
            PostfixUnaryExpressionSyntax inner => Texts(inner.Operand, scope, depth),
            PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.UnaryMinusExpression } inner => Texts(inner.Operand, scope, depth),
            CastExpressionSyntax inner => Texts(inner.Expression, scope, depth),
            ThrowExpressionSyntax => [],
            ConditionalExpressionSyntax choice => Texts(choice.WhenTrue, scope, depth).Concat(Texts(choice.WhenFalse, scope, depth)),
            SwitchExpressionSyntax choice => choice.Arms.SelectMany(arm => Texts(arm.Expression, scope, depth)),
            BinaryExpressionSyntax { RawKind: (int)SyntaxKind.CoalesceExpression } either =>
                Texts(either.Left, scope, depth).OfType<string>().Concat(Texts(either.Right, scope, depth)),
            BinaryExpressionSyntax { RawKind: (int)SyntaxKind.AddExpression } sum =>
                from left in Texts(sum.Left, scope, depth).ToArray() from right in Texts(sum.Right, scope, depth).ToArray() select left + right,
            InterpolatedStringExpressionSyntax text => Filled(text, scope, depth),
            InvocationExpressionSyntax call => Called(call, model, scope, depth),
            IdentifierNameSyntax or MemberAccessExpressionSyntax => Named(expression, model, scope, depth),
            _ => [Placeholder(expression)],
        };
    }

    private List<string> Filled(InterpolatedStringExpressionSyntax text, FaultScope scope, int depth)
    {
        List<string> results = [""];
        foreach (InterpolatedStringContentSyntax part in text.Contents)
        {
            string?[] pieces = part switch
            {
                InterpolatedStringTextSyntax plain => [plain.TextToken.ValueText],
                InterpolationSyntax hole => Hole(hole.Expression, scope, depth - 1),
                _ => [],
            };
            results = [.. (from before in results from piece in pieces select before + piece).Take(MostTexts)];
        }

        return results;
    }

    // What is filled in is followed only where that ends in words.
    private string?[] Hole(ExpressionSyntax expression, FaultScope scope, int depth)
    {
        string?[] texts = [.. Texts(expression, scope, depth).Distinct(StringComparer.Ordinal)];
        if (texts.OfType<string>().ToArray() is { Length: > 0 } words)
            texts = words;
        return texts.Length is > 0 and <= 6 ? texts : [Placeholder(expression)];
    }

    private IEnumerable<string?> Named(ExpressionSyntax expression, SemanticModel model, FaultScope scope, int depth)
    {
        ISymbol? symbol = model.GetSymbolInfo(expression).Symbol;
        if (symbol is IParameterSymbol && scope.TryFind(symbol, out ExpressionSyntax? value, out FaultScope outer))
            return value is null ? [((IParameterSymbol)symbol).ExplicitDefaultValue?.ToString()] : Texts(value, outer, depth - 1);
        SyntaxNode? declared = symbol?.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax();
        ExpressionSyntax? known = (symbol, declared) switch
        {
            (ILocalSymbol, VariableDeclaratorSyntax { Initializer: { } initializer }) => initializer.Value,
            (IFieldSymbol { IsReadOnly: true }, VariableDeclaratorSyntax { Initializer: { } initializer }) => initializer.Value,
            (IPropertySymbol { Type.SpecialType: SpecialType.System_String }, PropertyDeclarationSyntax { ExpressionBody: { } body }) => body.Expression,
            _ => null,
        };
        if (declared is SingleVariableDesignationSyntax variable && Parts(variable) is { Length: > 0 } parts)
            return parts.SelectMany(part => Texts(part, FaultScope.Empty, depth - 1));
        if (known is null || (!IsText(known) && known is not InvocationExpressionSyntax))
            return [Placeholder(expression)];
        string?[] texts = [.. Texts(known, scope, depth - 1)];
        return texts is [['<', .., '>'] only] && only.IndexOf('<', 1) < 0 ? [Placeholder(expression)] : texts;
    }

    // (string a, string b) = Method(...): what the method's tuples have at the variable's place.
    private ExpressionSyntax[] Parts(SingleVariableDesignationSyntax variable)
    {
        if (variable.Parent is not DeclarationExpressionSyntax { Parent: ArgumentSyntax { Parent: TupleExpressionSyntax { Parent: AssignmentExpressionSyntax { Right: InvocationExpressionSyntax call } } left } argument }
            || compilation.GetSemanticModel(call.SyntaxTree).GetSymbolInfo(call).Symbol is not IMethodSymbol { DeclaringSyntaxReferences: [var declared, ..] })
            return [];
        int place = left.Arguments.IndexOf(argument);
        return
        [
            .. declared.GetSyntax().DescendantNodes().OfType<TupleExpressionSyntax>().Where(tuple => tuple.Arguments.Count == left.Arguments.Count
                && tuple.Parent is ReturnStatementSyntax or ConditionalExpressionSyntax or SwitchExpressionArmSyntax or ArrowExpressionClauseSyntax)
                .Select(tuple => tuple.Arguments[place].Expression),
        ];
    }

    private IEnumerable<string?> Called(InvocationExpressionSyntax call, SemanticModel model, FaultScope scope, int depth)
    {
        if (model.GetSymbolInfo(call).Symbol is not IMethodSymbol { ReturnType.SpecialType: SpecialType.System_String } method
            || method.DeclaringSyntaxReferences.FirstOrDefault()?.GetSyntax() is not { } declared)
        {
            // string.Create(culture, $"...")
            return call.ArgumentList.Arguments.Select(argument => argument.Expression).OfType<InterpolatedStringExpressionSyntax>().FirstOrDefault() is { } text
                ? Filled(text, scope, depth)
                : [Placeholder(call)];
        }

        ExpressionSyntax[] results = declared switch
        {
            MethodDeclarationSyntax { ExpressionBody: { } body } => [body.Expression],
            MethodDeclarationSyntax { Body: { } body } => [.. body.DescendantNodes().OfType<ReturnStatementSyntax>().Select(step => step.Expression).OfType<ExpressionSyntax>()],
            _ => [],
        };
        return results.Length == 0 || !results.All(IsText)
            ? [Placeholder(call)]
            : results.SelectMany(result => Texts(result, FaultScope.Bind(method.OriginalDefinition, call.ArgumentList, scope), depth - 1));
    }

    // Expressions that end in words of the sources.
    private static bool IsText(ExpressionSyntax expression) => expression.DescendantNodesAndSelf().Any(node =>
        node is InterpolatedStringExpressionSyntax || node.IsKind(SyntaxKind.StringLiteralExpression) || node.IsKind(SyntaxKind.NullLiteralExpression));

    // step.Text -> <text>, Errno.Name(x) -> <name>, options.HostName -> <host name>
    private static string Placeholder(ExpressionSyntax expression)
    {
        string name = expression switch
        {
            IdentifierNameSyntax one => one.Identifier.Text,
            MemberAccessExpressionSyntax { Name.Identifier.Text: "Number" or "Value" or "Length" or "Count" } one => Placeholder(one.Expression).Trim('<', '>'),
            MemberAccessExpressionSyntax one => one.Name.Identifier.Text,
            InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "ToString" or "TrimEnd" or "Trim" } one } =>
                Placeholder(one.Expression).Trim('<', '>'),
            InvocationExpressionSyntax { ArgumentList.Arguments: [var first, ..], Expression: IdentifierNameSyntax or MemberAccessExpressionSyntax { Expression: PredefinedTypeSyntax } or MemberAccessExpressionSyntax { Name.Identifier.Text: "GetString" } } => Placeholder(first.Expression).Trim('<', '>'),
            InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax one } => one.Name.Identifier.Text,
            ElementAccessExpressionSyntax one => Placeholder(one.Expression).Trim('<', '>'),
            PostfixUnaryExpressionSyntax one => Placeholder(one.Operand).Trim('<', '>'),
            ParenthesizedExpressionSyntax one => Placeholder(one.Expression).Trim('<', '>'),
            ConditionalAccessExpressionSyntax one => Placeholder(one.Expression).Trim('<', '>'),
            BinaryExpressionSyntax one => Placeholder(one.Left).Trim('<', '>'),
            CastExpressionSyntax one => Placeholder(one.Expression).Trim('<', '>'),
            _ => "value",
        };
        StringBuilder words = new();
        foreach (char c in name.TrimStart('_'))
        {
            if (char.IsUpper(c) && words.Length > 0 && words[^1] is not ' ' && !char.IsUpper(words[^1]))
                words.Append(' ');
            words.Append(char.ToLowerInvariant(c));
        }

        return $"<{words}>";
    }
}
